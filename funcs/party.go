package funcs

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"pbx/channel"
)

// extras are the parts of an identity that nothing but the plan uses.
type extras map[string]string

type extrasKey struct{}

// OfPhone implements channel.OfPhone, as the identity is.
func (extrasKey) OfPhone() {}

func extra(c *channel.Channel, key string) string {
	m, _ := c.Data(extrasKey{}).(extras)
	return m[key]
}

// extraOr is extra for a part that has a value before it is set.
func extraOr(c *channel.Channel, key, otherwise string) string {
	if s := extra(c, key); s != "" {
		return s
	}
	return otherwise
}

func setExtra(c *channel.Channel, key, v string) {
	old, _ := c.Data(extrasKey{}).(extras)
	m := make(extras, len(old)+1)
	maps.Copy(m, old)
	m[key] = v
	c.SetData(extrasKey{}, m)
}

// party is one of the ends that a channel knows: caller and connected, whom others
// are told of; ani and from, of which they are told the number; and those that only
// the plan uses.
type party struct {
	c   *channel.Channel
	key string
}

type partyKey struct{ key string }

// OfPhone implements channel.OfPhone, as the identity is.
func (partyKey) OfPhone() {}

func (p party) get() channel.Party {
	id := p.c.Identity()
	switch p.key {
	case "caller":
		return id.Caller
	case "connected":
		return id.Connected
	}
	v, _ := p.c.Data(partyKey{p.key}).(channel.Party)
	switch p.key {
	case "ani":
		v.Number, v.HasNumber = id.ANI, id.ANI != ""
	case "from":
		v.Number, v.HasNumber = id.RDNIS, id.RDNIS != ""
	}
	return v
}

func (p party) set(v channel.Party) {
	switch p.key {
	case "caller":
		p.c.UpdateIdentity(func(id *channel.Identity) { id.Caller = v })
	case "connected":
		p.c.UpdateIdentity(func(id *channel.Identity) { id.Connected = v })
	case "ani":
		p.c.UpdateIdentity(func(id *channel.Identity) { id.ANI = v.Number })
	case "from":
		p.c.UpdateIdentity(func(id *channel.Identity) { id.RDNIS = v.Number })
	}
	if p.key != "caller" && p.key != "connected" {
		p.c.SetData(partyKey{p.key}, v)
	}
}

// extra is one of the party's parts that nothing else uses.
func (p party) extra(part, otherwise string) string {
	return extraOr(p.c, p.key+"-"+part, otherwise)
}

func (p party) setExtra(part, v string) { setExtra(p.c, p.key+"-"+part, v) }

// valid reports whether there is a name (or num): an empty one that was set counts.
func (p party) valid(part string) bool {
	v := p.get()
	if part == "name" && v.Name != "" || part == "num" && (v.HasNumber || v.Number != "") {
		return true
	}
	return p.extra(part+"-valid", "0") == "1"
}

// presentations are those of the name and of the number. What others are told, and
// may have changed, is one for both.
func (p party) presentations() (name, number channel.Presentation) {
	both := p.get().Presentation
	n, err1 := strconv.Atoi(p.extra("name-pres", ""))
	m, err2 := strconv.Atoi(p.extra("num-pres", ""))
	name, number = channel.Presentation(n), channel.Presentation(m)
	if err1 != nil || err2 != nil || channel.CombinePresentations(name, true, number, true) != both {
		return both, both
	}
	return name, number
}

func (p party) present(name, number channel.Presentation) {
	p.setExtra("name-pres", strconv.Itoa(int(name)))
	p.setExtra("num-pres", strconv.Itoa(int(number)))
	v := p.get()
	v.Presentation = channel.CombinePresentations(name, true, number, true)
	p.set(v)
}

// read reads a part, such as num or num-plan. Words that begin with num, subaddr and
// pres are read as these.
func (p party) read(what string) (string, error) {
	v := p.get()
	part, of, _ := strings.Cut(what, "-")
	switch what {
	case "all":
		return fmt.Sprintf("\"%s\" <%s>", v.Name, v.Number), nil
	case "tag":
		return v.Tag, nil
	case "ton":
		part, of = "num", "plan"
	}
	switch {
	case strings.HasPrefix(what, "pres"):
		name, number := p.presentations()
		return channel.CombinePresentations(name, p.valid("name"), number, p.valid("num")).String(), nil
	case what == "name":
		return v.Name, nil
	case what == "name-valid":
		return flag(p.valid("name")), nil
	case what == "name-charset":
		return p.extra(what, "iso8859-1"), nil
	case part == "name" && strings.HasPrefix(of, "pres"):
		name, _ := p.presentations()
		return name.String(), nil
	case strings.HasPrefix(part, "num"):
		switch {
		case of == "":
			return v.Number, nil
		case of == "valid":
			return flag(p.valid("num")), nil
		case of == "plan":
			return strconv.Itoa(v.Plan), nil
		case strings.HasPrefix(of, "pres"):
			_, number := p.presentations()
			return number.String(), nil
		}
	case strings.HasPrefix(part, "subaddr"):
		switch of {
		case "":
			return p.extra("subaddr", ""), nil
		case "valid", "type", "odd":
			return p.extra("subaddr-"+of, "0"), nil
		}
	}
	return "", fmt.Errorf("unknown data type '%s'", what)
}

// write sets a part.
func (p party) write(what, text string) error {
	v := p.get()
	part, of, _ := strings.Cut(what, "-")
	switch {
	case what == "all":
		v.Name, v.Number = parseCaller(text)
		v.HasNumber = v.Number != ""
		p.setExtra("name-valid", "1")
		p.setExtra("num-valid", "1")
		p.set(v)
		return nil
	case what == "tag":
		v.Tag = text
		p.set(v)
		return nil
	case what == "ton":
		part, of = "num", "plan"
	case strings.HasPrefix(what, "pres"):
		pres, err := presentation(text)
		if err == nil {
			p.present(pres, pres)
		}
		return err
	}
	switch {
	case part == "name":
		return p.writeName(v, of, text)
	case strings.HasPrefix(part, "num"):
		return p.writeNumber(v, of, text)
	case strings.HasPrefix(part, "subaddr"):
		switch of {
		case "":
			p.setExtra("subaddr", text)
			return nil
		case "valid", "odd":
			p.setExtra("subaddr-"+of, flag(truthy(text)))
			return nil
		case "type":
			p.setExtra("subaddr-type", map[bool]string{true: "2", false: "0"}[truthy(text)])
			return nil
		}
	}
	return fmt.Errorf("unknown data type '%s'", what)
}

func (p party) writeName(v channel.Party, of, text string) error {
	switch {
	case of == "":
		v.Name = text
		p.setExtra("name-valid", "1")
		p.set(v)
		return nil
	case of == "valid":
		if !truthy(text) {
			v.Name = ""
		}
		p.setExtra("name-valid", flag(truthy(text)))
		p.set(v)
		return nil
	case of == "charset":
		set, ok := word(charsets, text)
		if !ok {
			return fmt.Errorf("unknown character set '%s'", text)
		}
		p.setExtra("name-charset", set)
		return nil
	case strings.HasPrefix(of, "pres"):
		pres, err := presentation(text)
		if err == nil {
			_, number := p.presentations()
			p.present(pres, number)
		}
		return err
	}
	return fmt.Errorf("unknown data type 'name-%s'", of)
}

func (p party) writeNumber(v channel.Party, of, text string) error {
	switch {
	case of == "":
		v.Number, v.HasNumber = text, text != ""
		p.setExtra("num-valid", "1")
		p.set(v)
		return nil
	case of == "valid":
		v.HasNumber = truthy(text)
		if !v.HasNumber {
			v.Number = ""
		}
		p.setExtra("num-valid", flag(v.HasNumber))
		p.set(v)
		return nil
	case of == "plan":
		n, err := number(text)
		if err == nil {
			v.Plan = n
			p.set(v)
		}
		return err
	case strings.HasPrefix(of, "pres"):
		pres, err := presentation(text)
		if err == nil {
			name, _ := p.presentations()
			p.present(name, pres)
		}
		return err
	}
	return fmt.Errorf("unknown data type 'num-%s'", of)
}

// charsets are those that Q.SIG has for names, by their numbers.
var charsets = []string{"unknown", "iso8859-1", "withdrawn", "iso8859-2", "iso8859-3", "iso8859-4", "iso8859-5", "iso8859-7", "bmp", "utf8"}

// word finds one of a list by itself, in small or capital letters, or by its number.
func word(list []string, s string) (string, bool) {
	if n, err := number(s); err == nil && n < len(list) {
		return list[n], true
	}
	i := slices.IndexFunc(list, func(w string) bool { return strings.EqualFold(w, s) })
	if i < 0 {
		return "", false
	}
	return list[i], true
}

// presentation reads a word such as prohib, or its number.
func presentation(s string) (channel.Presentation, error) {
	if pres, ok := channel.ParsePresentation(strings.ToLower(s)); ok {
		return pres, nil
	}
	n, err := number(s)
	if err != nil {
		return 0, fmt.Errorf("unknown presentation '%s'", s)
	}
	return channel.Presentation(n), nil
}

// number reads a number that begins with a digit.
func number(s string) (int, error) {
	if n, ok := leadingInteger(s); ok && s[0] >= '0' && s[0] <= '9' {
		return n, nil
	}
	return 0, fmt.Errorf("'%s' is not a number", s)
}

// truthy is a number that is not 0.
func truthy(s string) bool {
	n, _ := leadingInteger(s)
	return n != 0
}
