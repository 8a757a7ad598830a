package sip

import (
	"cmp"
	"strings"

	"pbx/channels/sip/registry"
	"pbx/config"
)

// readUsers makes a friend of every entry of users.conf that has a SIP phone.
func (c *configLoader) readUsers(users *config.File) {
	c.inUsers = true
	defer func() { c.inUsers = false }()
	first := true
	for _, u := range config.Users(users) {
		if strings.EqualFold(u.Name, "authentication") {
			continue
		}
		if u.Is("hassip") {
			p := c.newPeer(u.Section)
			if u.General != nil {
				found := len(c.findings)
				c.device1(u.General, p)
				if !first { // they were told with the first one
					c.findings = c.findings[:found]
				}
				first = false
			}
			c.device1(u.Section, p)
			p.Type = TypeFriend // whatever the entry says
		}
		if u.Is("registersip") {
			c.registerUser(u)
		}
	}
}

// registerUser registers with the host of an entry, as a line
// register => entry?username:secret:authuser@host/contact does.
func (c *configLoader) registerUser(u config.User) {
	v, _ := u.Lookup("registersip")
	host, port, err := splitHostPort(u.Value("host"))
	if name := u.Value("username"); name == "" || host == "" || err != nil || strings.EqualFold(host, "dynamic") {
		c.find(v.Pos, config.Warning, "no-registrar", "registersip of ["+u.Name+"] registers nowhere: it needs a username, and the provider as host", "")
		return
	}
	c.cfg.General.Registrations = append(c.cfg.General.Registrations, Registration{registry.Line{
		Peer: u.Name, User: u.Value("username"), Secret: u.Value("secret"), AuthUser: u.Value("authuser"),
		Host: host, Port: port, Exten: cmp.Or(u.Value("contact"), registry.DefaultExten),
	}, v.Pos})
}

// forOthers are options of users.conf for other parts of an exchange, or for the web
// page that wrote the file.
var forOthers = strings.Fields(`
	userbase localextenlength hasagent hasqueue hasdirectory macaddress autoprov label linenumber linekeys profile trunkstyle provider group
	callwaitingcallerid cancallforward callreturn allow_aliasextns allow_an_extns operatorextension vm_newpassword hasconference zapchan
	cidsignalling hidecallerid usecallerid flash rxflash rxwink context2 disallow_transfer vmsecret email`)
