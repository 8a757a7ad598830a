// Package say turns numbers and texts into the names of the sound files that
// speak them. It is pure: any goroutine may call it.
package say

import (
	"errors"
	"slices"
	"strconv"
	"strings"
)

// ErrTooBig is the reason of a number that no language here can say.
var ErrTooBig = errors.New("number is too big to be said")

// Digits spells a text digit by digit; '*', '#' and '-' have names, anything
// else is left out.
func Digits(text string) []string {
	var files []string
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case '0' <= c && c <= '9':
			files = append(files, "digits/"+text[i:i+1])
		case c == '*':
			files = append(files, "digits/star")
		case c == '#':
			files = append(files, "digits/pound")
		case c == '-':
			files = append(files, "digits/minus")
		}
	}
	return files
}

// letters are the characters whose files have a name of their own; other
// punctuation is letters/asciiN.
var letters = map[byte]string{
	'*': "digits/star", '#': "digits/pound", '!': "letters/exclaimation-point", '@': "letters/at",
	'$': "letters/dollar", '-': "letters/dash", '.': "letters/dot", '=': "letters/equals",
	'+': "letters/plus", '/': "letters/slash", ' ': "letters/space",
}

// Alpha spells a text character by character.
func Alpha(text string) []string {
	var files []string
	for i := 0; i < len(text); i++ {
		c := text[i]
		switch name, ok := letters[c]; {
		case ok:
			files = append(files, name)
		case '0' <= c && c <= '9':
			files = append(files, "digits/"+text[i:i+1])
		case 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
			files = append(files, "letters/"+strings.ToLower(text[i:i+1]))
		case c > ' ' && c < 0x7f:
			files = append(files, "letters/ascii"+strconv.Itoa(int(c)))
		}
	}
	return files
}

// Number says n in a language, "en_GB" or "de" for example. The gender of what is
// counted, f, m, c or n, matters in languages that inflect. A language that is not
// known is said as English, whose sound names every language's set has.
func Number(language string, n int64, gender string) ([]string, error) {
	if say := order(language); say != nil {
		return inOrder(say, n, strings.ToLower(gender))
	}
	return english(n)
}

// Spoken is Number for who has the sounds that exists tells of: a language whose
// words are not all there is said as English.
func Spoken(language string, n int64, gender string, exists func(file string) bool) ([]string, error) {
	files, err := Number(language, n, gender)
	if err == nil && slices.ContainsFunc(files, func(f string) bool { return !exists(f) }) {
		return english(n)
	}
	return files, err
}

const billion = 1_000_000_000

func english(n int64) ([]string, error) {
	var files []string
	if n < 0 {
		files = append(files, "digits/minus")
		n = -n
	}
	if n < 0 || n >= 1000*billion {
		return nil, ErrTooBig
	}
	if n == 0 {
		return append(files, "digits/0"), nil
	}
	for _, scale := range []struct {
		size int64
		name string
	}{{billion, "digits/billion"}, {1_000_000, "digits/million"}, {1000, "digits/thousand"}, {1, ""}} {
		if group := n / scale.size; group > 0 {
			files = englishGroup(files, group)
			if scale.name != "" {
				files = append(files, scale.name)
			}
		}
		n %= scale.size
	}
	return files, nil
}

// englishGroup says 1 to 999.
func englishGroup(files []string, n int64) []string {
	if n >= 100 {
		files = append(files, digit(n/100), "digits/hundred")
		n %= 100
	}
	if n >= 20 {
		files = append(files, digit(n/10*10))
		n %= 10
	}
	if n > 0 {
		files = append(files, digit(n))
	}
	return files
}

func digit(n int64) string { return "digits/" + strconv.FormatInt(n, 10) }
