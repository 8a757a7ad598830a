package funcs

import (
	"fmt"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func callerFunctions() []channel.Function {
	return []channel.Function{{
		Name: "CALLERID", Synopsis: "Who calls",
		Help: "all is \"name\" <number>; name, num, ANI, RDNIS, DNID, pres, name-valid, num-valid, name-pres, num-pres, num-plan and tag are parts. pres is a word such as allowed_not_screened or prohib.",
		Args: []decl.Arg{arg("datatype", "the part"), optional("CID", "a caller ID to take it from, instead of the channel's")},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			if a.Has(1) {
				name, number := parseCaller(a.Arg(1))
				switch what := strings.ToLower(a.Arg(0)); what {
				case "name":
					return name, nil
				case "num", "number":
					return number, nil
				case "all":
					return fmt.Sprintf("\"%s\" <%s>", name, number), nil
				default:
					return "", fmt.Errorf("unknown data type '%s'", what)
				}
			}
			a.Tainted = true
			return readCaller(t.Channel(), a.Arg(0))
		},
		Write: func(t channel.Thread, a *decl.Args, v string) error {
			return writeCaller(t.Channel(), a.Arg(0), v)
		},
	}}
}

// extras are the parts of an identity that nothing but the plan uses.
type extras map[string]string

type extrasKey struct{}

func extra(c *channel.Channel, key string) string {
	m, _ := c.Data(extrasKey{}).(extras)
	return m[key]
}

func setExtra(c *channel.Channel, key, v string) {
	old, _ := c.Data(extrasKey{}).(extras)
	m := make(extras, len(old)+1)
	for k, s := range old {
		m[k] = s
	}
	m[key] = v
	c.SetData(extrasKey{}, m)
}

func readCaller(c *channel.Channel, what string) (string, error) {
	id := c.Identity()
	switch what := strings.ToLower(what); what {
	case "ani", "ani-num", "ani-all":
		return id.ANI, nil
	case "rdnis":
		return id.RDNIS, nil
	case "dnid":
		return id.DNID, nil
	case "ani2", "dnid-num-plan", "subaddr", "ani-name", "ani-tag":
		return extra(c, "caller-"+what), nil
	default:
		return readParty(c, &id.Caller, "caller-", what)
	}
}

// readParty reads a part of one end of a call.
func readParty(c *channel.Channel, p *channel.Party, prefix, what string) (string, error) {
	switch what {
	case "all":
		return fmt.Sprintf("\"%s\" <%s>", p.Name, p.Number), nil
	case "name":
		return p.Name, nil
	case "num", "number":
		return p.Number, nil
	case "name-valid":
		return flag(p.Name != "" || extra(c, prefix+what) == "1"), nil
	case "num-valid":
		return flag(p.HasNumber || p.Number != ""), nil
	case "pres":
		if p.Name == "" && !p.HasNumber && p.Number == "" {
			return channel.Unavailable.String(), nil
		}
		return p.Presentation.String(), nil
	case "name-pres", "num-pres":
		return p.Presentation.String(), nil
	case "num-plan":
		if s := extra(c, prefix+what); s != "" {
			return s, nil
		}
		return "0", nil
	case "name-charset":
		return "iso8859-1", nil
	case "tag":
		return p.Tag, nil
	}
	return "", fmt.Errorf("unknown data type '%s'", what)
}

func writeCaller(c *channel.Channel, what, v string) error {
	switch what := strings.ToLower(what); what {
	case "ani", "ani-num":
		c.UpdateIdentity(func(id *channel.Identity) { id.ANI = v })
	case "rdnis":
		c.UpdateIdentity(func(id *channel.Identity) { id.RDNIS = v })
	case "dnid":
		c.UpdateIdentity(func(id *channel.Identity) { id.DNID = v })
	case "all":
		name, number := parseCaller(v)
		c.UpdateIdentity(func(id *channel.Identity) {
			id.Caller.Name, id.Caller.Number, id.Caller.HasNumber = name, number, number != ""
			if id.ANI == "" {
				id.ANI = number
			}
		})
	case "ani2", "dnid-num-plan", "subaddr", "ani-name", "ani-tag":
		setExtra(c, "caller-"+what, v)
	default:
		return writeParty(c, func(id *channel.Identity) *channel.Party { return &id.Caller }, "caller-", what, v)
	}
	return nil
}

func writeParty(c *channel.Channel, of func(*channel.Identity) *channel.Party, prefix, what, v string) error {
	update := func(f func(*channel.Party)) { c.UpdateIdentity(func(id *channel.Identity) { f(of(id)) }) }
	switch what {
	case "all":
		name, number := parseCaller(v)
		update(func(p *channel.Party) { p.Name, p.Number, p.HasNumber = name, number, number != "" })
	case "name":
		update(func(p *channel.Party) { p.Name = v })
	case "num", "number":
		update(func(p *channel.Party) { p.Number, p.HasNumber = v, v != "" })
	case "num-valid":
		update(func(p *channel.Party) { p.HasNumber = v == "1" })
	case "tag":
		update(func(p *channel.Party) { p.Tag = v })
	case "pres", "name-pres", "num-pres":
		pres, ok := channel.ParsePresentation(strings.ToLower(strings.TrimSpace(v)))
		if !ok {
			n, number := leadingInteger(v)
			if !number {
				return fmt.Errorf("unknown presentation '%s'", v)
			}
			pres = channel.Presentation(n)
		}
		update(func(p *channel.Party) { p.Presentation = pres })
	case "name-valid", "num-plan", "name-charset", "subaddr", "subaddr-valid", "subaddr-type", "subaddr-odd":
		setExtra(c, prefix+what, v)
	default:
		return fmt.Errorf("unknown data type '%s'", what)
	}
	return nil
}

// parseCaller reads "name" <number>, name <number>, a number or a name.
func parseCaller(s string) (name, number string) {
	s = strings.Trim(s, blanks)
	if open := strings.LastIndexByte(s, '<'); open >= 0 {
		if shut := strings.LastIndexByte(s, '>'); shut > open {
			return unescape(s[:open]), shrink(s[open+1 : shut])
		}
	}
	if n := shrink(s); n != "" && strings.Trim(n, "0123456789*#+()-.") == "" {
		return "", n
	}
	return unescape(s), ""
}

// unescape takes blanks and quotes off, and backslashes out of what was quoted.
func unescape(s string) string {
	s = strings.Trim(s, blanks)
	if q := unquote(s); q != s {
		return strings.NewReplacer(`\"`, `"`, `\\`, `\`).Replace(q)
	}
	return s
}

// shrink takes out of a number what only makes it easier to read.
func shrink(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == ' ' || c == '(' || c == ')' || c == '-':
		case c == '.' && i+1 < len(s):
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}
