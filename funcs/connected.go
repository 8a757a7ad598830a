package funcs

import (
	"fmt"
	"strconv"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

func connectedFunctions() []channel.Function {
	inhibit := optional("i", "i: do not tell the other end now")
	return []channel.Function{
		{
			Name: "CONNECTEDLINE", Synopsis: "Who the caller is shown to talk to",
			Help: "The parts of CALLERID without ani, RDNIS and DNID; priv- before them are those of a private end. source is why it changed: unknown, answer, diversion, transfer or transfer_alerting.",
			Args: []decl.Arg{arg("datatype", "the part"), inhibit},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				a.Tainted = true
				what := strings.ToLower(a.Arg(0))
				if what == "source" {
					return extraOr(t.Channel(), "connected-source", "unknown"), nil
				}
				p, what := connectedParty(t.Channel(), what)
				return p.read(what)
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				c, v, what := t.Channel(), strings.Trim(v, blanks), strings.ToLower(a.Arg(0))
				if what == "source" {
					source, ok := word(connectedSources, v)
					if !ok {
						return fmt.Errorf("unknown source '%s'", v)
					}
					setExtra(c, "connected-source", source)
					return nil
				}
				p, what := connectedParty(c, what)
				err := p.write(what, v)
				if err == nil && !strings.Contains(a.Arg(1), "i") {
					err = c.Leg().Indicate(channel.ControlConnectedLine)
				}
				return err
			},
		},
		{
			Name: "REDIRECTING", Synopsis: "Who redirected the call",
			Help: "from-num is the number that redirected it and reason why: cfu, cfb, cfnr, unavailable, time_of_day, dnd, deflection, follow_me, out_of_order, away or unknown. from-, to- and orig- have the parts of CALLERID, priv- may stand before them; with count and orig-reason they are kept for the plan.",
			Args: []decl.Arg{arg("datatype", "the part"), inhibit},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				a.Tainted = true
				c, what := t.Channel(), strings.ToLower(a.Arg(0))
				switch what {
				case "reason":
					return redirectReason(c.Identity().RedirectReason), nil
				case "orig-reason":
					return extraOr(c, "redirecting-"+what, "unknown"), nil
				case "count":
					return extraOr(c, "redirecting-"+what, "0"), nil
				}
				if strings.HasPrefix(what, "pres") {
					what = "from-pres"
				}
				p, what := redirectingParty(c, what)
				return p.read(what)
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				c, v, what := t.Channel(), strings.Trim(v, blanks), strings.ToLower(a.Arg(0))
				switch what {
				case "reason":
					c.UpdateIdentity(func(id *channel.Identity) { id.RedirectReason = sipReason(reasonWord(v)) })
					return nil
				case "orig-reason":
					setExtra(c, "redirecting-"+what, reasonWord(v))
					return nil
				case "count":
					n, err := number(v)
					if err == nil {
						setExtra(c, "redirecting-"+what, strconv.Itoa(n))
					}
					return err
				}
				if strings.HasPrefix(what, "pres") {
					if err := (party{c, "to"}).write("pres", v); err != nil {
						return err
					}
					what = "from-pres"
				}
				p, what := redirectingParty(c, what)
				return p.write(what, v)
			},
		},
	}
}

// connectedParty finds the end that a part of CONNECTEDLINE is of.
func connectedParty(c *channel.Channel, what string) (p party, part string) {
	if part, ok := strings.CutPrefix(what, "priv-"); ok {
		return party{c, "priv-connected"}, part
	}
	return party{c, "connected"}, what
}

// redirectingParty finds the end that a part of REDIRECTING is of.
func redirectingParty(c *channel.Channel, what string) (p party, part string) {
	rest, private := strings.CutPrefix(what, "priv-")
	end, part, _ := strings.Cut(rest, "-")
	switch {
	case end != "orig" && end != "from" && end != "to":
		return party{c, "none"}, "-" + what // which nothing has
	case private:
		return party{c, "priv-" + end}, part
	}
	return party{c, end}, part
}

// connectedSources are the words for why a connected line changed, by their numbers.
var connectedSources = []string{"unknown", "answer", "diversion", "transfer", "transfer_alerting"}

// numberedReasons are the words for why a call was redirected, by their numbers.
var numberedReasons = []string{
	"unknown", "cfb", "cfnr", "unavailable", "cfu", "time_of_day", "dnd", "deflection", "follow_me", "out_of_order", "away", "cf_dte", "send_to_vm",
}

// reasonWord is a reason that was given by its word or number; another text is one of
// its own.
func reasonWord(s string) string {
	if w, ok := word(numberedReasons, s); ok {
		return w
	}
	return s
}

// redirectReasons are the ancestor's words for why a call was redirected, with those
// that travel (RFC 5806).
var redirectReasons = map[string]string{
	"cfu": "unconditional", "cfb": "user-busy", "cfnr": "no-answer", "unavailable": "unavailable", "time_of_day": "time-of-day",
	"dnd": "do-not-disturb", "deflection": "deflection", "follow_me": "follow-me", "out_of_order": "out-of-service", "away": "away", "unknown": "",
}

// redirectReason is the ancestor's word for one that travels.
func redirectReason(sip string) string {
	if sip == "" {
		return "unknown"
	}
	for word, w := range redirectReasons {
		if w == sip {
			return word
		}
	}
	return sip
}

func sipReason(word string) string {
	if w, ok := redirectReasons[strings.ToLower(word)]; ok {
		return w
	}
	return word
}
