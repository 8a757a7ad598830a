package sip

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/stun"
	"pbx/config"
)

// readSTUN reads res_stun_monitor.conf: stunaddr and stunrefresh. Without a server
// there, the one that rtp.conf names is asked.
func (c *configLoader) readSTUN(monitor, rtp *config.File) {
	server := stunServer{refresh: 30 * time.Second}
	var from config.Pos
	for _, s := range monitor.All("general") {
		for _, v := range s.Vars {
			switch strings.ToLower(v.Name) {
			case "stunaddr":
				c.readSTUNServer(&server, v)
				from = v.Pos
			case "stunrefresh":
				n, err := strconv.Atoi(strings.TrimSpace(v.Value))
				if err != nil || n < 1 || n > 86400 {
					c.find(v.Pos, config.Warning, "sip-value", fmt.Sprintf("stunrefresh: %q is not a number of seconds", v.Value), "")
					continue
				}
				server.refresh = time.Duration(n) * time.Second
			default:
				c.find(v.Pos, config.Warning, "unknown-option", fmt.Sprintf("res_stun_monitor.conf has no option %s", v.Name), "stunaddr or stunrefresh")
			}
		}
	}
	if server.host == "" && rtp != nil {
		for _, s := range rtp.All("general") {
			if v, ok := s.Lookup("stunaddr"); ok {
				c.readSTUNServer(&server, v)
				from = v.Pos
			}
		}
	}
	g := &c.cfg.General
	if server.host == "" {
		return
	}
	g.STUN = server
	if len(g.LocalNet) == 0 && g.ExternHost == "" && !g.Extern.IsValid() {
		c.find(from, config.Warning, "no-localnet", "the address that stunaddr finds is never used without localnet in sip.conf", "add localnet=, the network on the inside")
	}
}

func (c *configLoader) readSTUNServer(server *stunServer, v config.Variable) {
	if strings.TrimSpace(v.Value) == "" {
		server.host = ""
		return
	}
	host, port, err := splitHostPort(v.Value)
	if err != nil {
		c.find(v.Pos, config.Warning, "sip-value", "stunaddr: "+err.Error(), "")
		return
	}
	server.host, server.port = host, cmp.Or(port, stun.DefaultPort)
}
