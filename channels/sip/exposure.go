package sip

import (
	"fmt"
	"slices"

	"pbx/config"
)

// checkExposure looks at what a device section opens or gives away, beyond the
// proof of checkProof.
func (c *configLoader) checkExposure(p *PeerConfig, before []*PeerConfig) {
	g := &c.cfg.General
	if p.InsecureInvite && p.Type.IsUser() && !p.Dynamic && len(p.ACL) == 0 {
		c.find(c.line(p, "insecure"), config.Warning, "no-proof", fmt.Sprintf("insecure=invite with type=%v lets whoever says the name [%s] call without proof, from anywhere", p.Type, p.Name), "type=peer, which goes by the address, or deny and permit")
	}
	if p.Secret != "" {
		for _, o := range before {
			if o.Secret == p.Secret && weakness(p) == "" {
				c.find(c.line(p, "secret"), config.Note, "same-secret", fmt.Sprintf("[%s] has the secret of [%s]", p.Name, o.Name), "one for each device, so that one that is lost does not open the others")
				break
			}
		}
	}
	// What is answered to a name that does not exist follows [general].
	if _, said := c.lines[p]["nat"]; said && p.NAT.ForceRPort != g.Defaults.NAT.ForceRPort {
		c.find(c.line(p, "nat"), config.Note, "name-guessing", fmt.Sprintf("answers to [%s] may go to another port than those to a name that does not exist: who asks can tell", p.Name), "set nat in [general], for all")
	}
	if _, said := c.lines[p]["digest"]; said && !slices.Equal(p.Digest, g.Defaults.Digest) {
		c.find(c.line(p, "digest"), config.Note, "name-guessing", fmt.Sprintf("[%s] is challenged otherwise than a name that does not exist: who asks can tell", p.Name), "set digest in [general], for all")
	}
	if g.UDPBind.Addr().Is6() && coversAll(p.ACL, true) && !coversAll(p.ACL, false) {
		c.find(c.line(p, "deny"), config.Warning, "open-acl", fmt.Sprintf("[%s] denies all of IPv4 and nothing of IPv6, on which we listen", p.Name), "add deny=::/0")
	}
	if p.PromiscRedirect {
		c.find(c.line(p, "promiscredir"), config.Note, "unsafe", fmt.Sprintf("[%s] may have its calls sent to any address (promiscredir)", p.Name), "promiscredir=no unless that is meant")
	}
}

// coversAll reports whether a rule denies every address of a family.
func coversAll(a ACL, four bool) bool {
	for _, r := range a {
		for _, p := range r.Prefixes {
			if !r.Permit && p.Bits() == 0 && p.Addr().Is4() == four {
				return true
			}
		}
	}
	return false
}
