package sip

import (
	"cmp"
	"strings"

	"pbx/channels/sip/registry"
	"pbx/config"
)

// user is an entry of users.conf, the file that sets up people for all parts of an
// exchange at once. What it does not say, [general] of that file says.
type user struct{ entry, general *config.Section }

// lookup is the last line of a name.
func (u user) lookup(name string) (config.Variable, bool) {
	if v, ok := u.entry.Lookup(name); ok {
		return v, true
	}
	if u.general == nil {
		return config.Variable{}, false
	}
	return u.general.Lookup(name)
}

func (u user) get(name string) string {
	v, _ := u.lookup(name)
	return strings.TrimSpace(v.Value)
}

func (u user) is(name string) bool {
	yes, _ := config.Bool(u.get(name))
	return yes
}

// readUsers makes a friend of every entry of users.conf that has a SIP phone.
func (c *configLoader) readUsers(users *config.File) {
	general := users.Section("general")
	c.inUsers = true
	defer func() { c.inUsers = false }()
	first := true
	for _, s := range users.Sections {
		if s.Template || strings.EqualFold(s.Name, "general") || strings.EqualFold(s.Name, "authentication") {
			continue
		}
		u := user{s, general}
		if u.is("hassip") {
			p := c.newPeer(s)
			if general != nil {
				found := len(c.findings)
				c.device1(general, p)
				if !first { // they were told with the first one
					c.findings = c.findings[:found]
				}
				first = false
			}
			c.device1(s, p)
			p.Type = TypeFriend // whatever the entry says
		}
		if u.is("registersip") {
			c.registerUser(u)
		}
	}
}

// registerUser registers with the host of an entry, as a line
// register => entry?username:secret:authuser@host/contact does.
func (c *configLoader) registerUser(u user) {
	v, _ := u.lookup("registersip")
	host, port, err := splitHostPort(u.get("host"))
	if name := u.get("username"); name == "" || host == "" || err != nil || strings.EqualFold(host, "dynamic") {
		c.find(v.Pos, config.Warning, "no-registrar", "registersip of ["+u.entry.Name+"] registers nowhere: it needs a username, and the provider as host", "")
		return
	}
	c.cfg.General.Registrations = append(c.cfg.General.Registrations, Registration{registry.Line{
		Peer: u.entry.Name, User: u.get("username"), Secret: u.get("secret"), AuthUser: u.get("authuser"),
		Host: host, Port: port, Exten: cmp.Or(u.get("contact"), registry.DefaultExten),
	}, v.Pos})
}

// forOthers are options of users.conf for other parts of an exchange, or for the web
// page that wrote the file.
var forOthers = strings.Fields(`
	userbase localextenlength hasagent hasqueue hasdirectory macaddress autoprov label linenumber linekeys profile trunkstyle provider group
	callwaitingcallerid cancallforward callreturn allow_aliasextns allow_an_extns operatorextension vm_newpassword hasconference zapchan
	cidsignalling hidecallerid usecallerid flash rxflash rxwink context2 disallow_transfer vmsecret email`)
