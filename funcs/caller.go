package funcs

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func callerFunctions() []channel.Function {
	return []channel.Function{{
		Name: "CALLERID", Synopsis: "Who calls",
		Help: "all is \"name\" <number>; name and num are its parts, and name-valid, name-charset, name-pres, num-valid, num-plan (ton), num-pres, subaddr, subaddr-valid, subaddr-type, subaddr-odd, tag and pres, what may be shown of both: a word such as allowed_not_screened or prohib. " +
			"ani- and priv- before them are those of the number that pays and of a private one; RDNIS is the number that redirected the call, DNID the number that was dialled. ANI2, dnid-num-plan and dnid-subaddr are kept for the plan.",
		Args: []decl.Arg{arg("datatype", "the part"), optional("CID", "a caller ID to take it from, instead of the channel's")},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			what := strings.ToLower(a.Arg(0))
			if len(a.Pos) > 1 {
				name, number := parseCaller(a.Arg(1))
				switch {
				case what == "name":
					return name, nil
				case what == "all":
					return fmt.Sprintf("\"%s\" <%s>", name, number), nil
				case strings.HasPrefix(what, "num") && !strings.Contains(what, "-"):
					return number, nil
				}
				return "", fmt.Errorf("unknown data type '%s'", what)
			}
			a.Tainted = true
			return readCaller(t.Channel(), what)
		},
		Write: func(t channel.Thread, a *decl.Args, v string) error {
			return writeCaller(t.Channel(), strings.ToLower(a.Arg(0)), strings.Trim(v, blanks))
		},
	}}
}

func readCaller(c *channel.Channel, what string) (string, error) {
	switch what {
	case "rdnis":
		return c.Identity().RDNIS, nil
	case "dnid", "dnid-num":
		return c.Identity().DNID, nil
	case "ani2":
		return strconv.Itoa(c.Identity().ANI2), nil
	case "dnid-num-plan":
		return extraOr(c, "caller-"+what, "0"), nil
	case "dnid-subaddr":
		return extra(c, "caller-"+what), nil
	}
	p, what := callerParty(c, what)
	return p.read(what)
}

func writeCaller(c *channel.Channel, what, v string) error {
	switch what {
	case "rdnis":
		c.UpdateIdentity(func(id *channel.Identity) { id.RDNIS = v })
	case "dnid", "dnid-num":
		c.UpdateIdentity(func(id *channel.Identity) { id.DNID = v })
	case "ani2", "dnid-num-plan":
		n, err := number(v)
		if err != nil {
			return err
		}
		if what == "ani2" {
			c.UpdateIdentity(func(id *channel.Identity) { id.ANI2 = n })
		} else {
			setExtra(c, "caller-"+what, strconv.Itoa(n))
		}
	case "dnid-subaddr":
		setExtra(c, "caller-"+what, v)
	default:
		p, what := callerParty(c, what)
		return p.write(what, v)
	}
	return nil
}

// callerParty finds the end that a part of CALLERID is of.
func callerParty(c *channel.Channel, what string) (p party, part string) {
	if what == "ani" {
		return party{c, "ani"}, "num"
	}
	for _, key := range []string{"ani", "priv"} {
		if part, ok := strings.CutPrefix(what, key+"-"); ok {
			return party{c, key}, part
		}
	}
	return party{c, "caller"}, what
}

// parseCaller reads "name" <number>, name <number>, a number or a name.
func parseCaller(s string) (name, number string) {
	if open := strings.LastIndexByte(s, '<'); open >= 0 {
		if shut := strings.LastIndexByte(s, '>'); shut > open {
			name := s[:open]
			if strings.Count(name, `"`) == 1 { // one that is not closed before the number
				_, name, _ = strings.Cut(name, `"`)
				if !strings.Contains(s[shut+1:], `"`) {
					name = ""
				}
			}
			return callerName(name), shrink(s[open+1 : shut])
		}
	}
	if n := shrink(s); n != "" && strings.Trim(n, "0123456789*#+") == "" {
		return "", n
	}
	return callerName(s), ""
}

// callerName is what stands between the first quotes, or all of it without any.
func callerName(s string) string {
	_, quoted, _ := strings.Cut(s, `"`)
	for i := 0; i < len(quoted); i++ {
		switch quoted[i] {
		case '\\':
			i++
		case '"':
			return strings.NewReplacer(`\\`, `\`, `\"`, `"`, `\`, ``).Replace(quoted[:i])
		}
	}
	return strings.Trim(s, blanks)
}

// shrink takes out of a number what only makes it easier to read; a dash in brackets
// is part of it, and so is a dot at the end.
func shrink(s string) string {
	var b strings.Builder
	brackets := 0
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c == '(' || c == ')' || c == '-' && brackets == 0:
			continue
		case c == '.' && i+1 < len(s):
			continue
		case c == '[':
			brackets++
		case c == ']':
			brackets--
		}
		b.WriteByte(s[i])
	}
	return b.String()
}
