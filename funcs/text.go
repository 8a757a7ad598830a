package funcs

import (
	"strconv"
	"strings"

	"pbx/channel"
)

func textFunctions() []channel.Function {
	return []channel.Function{
		text("LEN", "Length of a text", "The number of bytes.", "string", func(s string) string { return strconv.Itoa(len(s)) }),
		text("TOUPPER", "Text in capital letters", "Letters outside of ASCII stay as they are.", "string", upper),
		text("TOLOWER", "Text in small letters", "Letters outside of ASCII stay as they are.", "string", lower),
		text("TRIM", "Text without blanks at its ends", "", "string", func(s string) string { return strings.Trim(s, blanks) }),
		text("LTRIM", "Text without blanks at its beginning", "", "string", func(s string) string { return strings.TrimLeft(s, blanks) }),
		text("RTRIM", "Text without blanks at its end", "", "string", func(s string) string { return strings.TrimRight(s, blanks) }),
		text("PASSTHRU", "The argument as it is", "Hands a literal to a function that takes the name of a variable: ${CUT(PASSTHRU(a-b),-,1)}.", "string",
			func(s string) string { return s }),
		text("QUOTE", "Text in quotes", "Quotes and backslashes in it get a backslash.", "string", func(s string) string {
			return `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s) + `"`
		}),
		text("SQL_ESC", "Text for a string of SQL", "Single quotes in it are doubled.", "string", func(s string) string {
			return strings.ReplaceAll(s, "'", "''")
		}),
		text("SQL_ESC_BACKSLASHES", "Text for a string of a SQL that knows backslashes", "Single quotes and backslashes in it are doubled.", "string", func(s string) string {
			return strings.NewReplacer("'", "''", `\`, `\\`).Replace(s)
		}),
		text("DIGIT_SUM", "The sum of the digits of a number", "Other characters do not count.", "digits", func(s string) string {
			n := 0
			for _, c := range []byte(s) {
				if c >= '0' && c <= '9' {
					n += int(c - '0')
				}
			}
			return strconv.Itoa(n)
		}),
		text("CSV_QUOTE", "Text in quotes for a CSV file", "Quotes in it are doubled.", "string", func(s string) string {
			return `"` + strings.ReplaceAll(s, `"`, `""`) + `"`
		}),
		text("KEYPADHASH", "The keys of a telephone for letters", "What is on no key is left out.", "string", keypad),
	}
}

const blanks = " \t\r\n\v\f"

func upper(s string) string { return mapASCII(s, 'a', 'z') }
func lower(s string) string { return mapASCII(s, 'A', 'Z') }

// mapASCII turns the case of the letters between from and to.
func mapASCII(s string, from, to byte) string {
	for i := 0; i < len(s); i++ {
		if s[i] < from || s[i] > to {
			continue
		}
		b := []byte(s)
		for ; i < len(b); i++ {
			if b[i] >= from && b[i] <= to {
				b[i] ^= 'a' ^ 'A'
			}
		}
		return string(b)
	}
	return s
}

func keypad(s string) string {
	const keys = "22233344455566677778889999"
	var b strings.Builder
	for _, c := range []byte(upper(s)) {
		switch {
		case c >= '0' && c <= '9':
			b.WriteByte(c)
		case c >= 'A' && c <= 'Z':
			b.WriteByte(keys[c-'A'])
		}
	}
	return b.String()
}
