package sip

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
	"time"

	"pbx/channels/sip/presence"
	"pbx/channels/sip/transaction"
)

// Subscriptions are kept over a restart, so that lamps do not stay dark until
// phones refresh: a record each, written when a SUBSCRIBE was granted. The numbers
// that go up with every NOTIFY are not written with each: after a restart they
// begin beyond what can have been sent since, as presence.Gap bounds that.

// subscriptionFamily is where they are in the store.
const subscriptionFamily = "SIP/Subscriptions"

// recordFields is how many fields a record has before the route set.
const recordFields = 20

// keepSubscription writes the record of s.
func (d *Driver) keepSubscription(s *subscription) {
	if d.store == nil || s.peer == nil || s.over {
		return
	}
	s.kept = true
	d.store.Put(subscriptionFamily, s.recordKey(), s.appendRecord(nil, d.now()), d.recorded)
}

// forgetSubscription deletes it.
func (d *Driver) forgetSubscription(s *subscription) {
	if s.kept && !d.quit {
		d.store.Delete(subscriptionFamily, s.recordKey(), d.recorded)
	}
}

// recorded is told what became of a record; it runs on the store's goroutine.
func (d *Driver) recorded(err error) {
	if err != nil {
		d.log.Warn("SIP: a subscription was not saved", "err", err)
	}
}

func (s *subscription) recordKey() string { return s.callID + " " + s.localTag }

// appendRecord writes fields divided by tabs.
func (s *subscription) appendRecord(b []byte, now time.Time) []byte {
	fields := [recordFields]string{
		s.peer.Name, s.format.String(), strconv.FormatInt(s.expires.Unix(), 10), strconv.FormatInt(now.Unix(), 10),
		strconv.FormatUint(uint64(s.version), 10), strconv.FormatUint(uint64(s.localSeq), 10), strconv.FormatUint(uint64(s.remoteSeq), 10),
		s.route.Protocol.String(), s.route.Remote.String(), s.callID, s.localTag, s.remoteTag, s.local, s.remote,
		s.target, s.context, s.exten, s.entity, s.watcher, s.eventID,
	}
	for i, f := range fields {
		if i > 0 {
			b = append(b, '\t')
		}
		b = appendRecordText(b, f)
	}
	for _, r := range s.routes {
		b = appendRecordText(append(b, '\t'), r)
	}
	return b
}

// parseSubscription reads a record; saved is when it was written.
func (d *Driver) parseSubscription(text string) (s *subscription, saved time.Time, err error) {
	f := strings.Split(text, "\t")
	if len(f) < recordFields {
		return nil, saved, fmt.Errorf("a subscription of %d fields", len(f))
	}
	s = &subscription{d: d, peer: d.peer(f[0])}
	if s.peer == nil {
		return nil, saved, errors.New("its peer is gone")
	}
	ok := false
	if s.format, ok = presence.ParseFormat(f[1]); !ok {
		return nil, saved, fmt.Errorf("format %q", f[1])
	}
	var numbers [5]int64
	for i := range numbers {
		if numbers[i], err = strconv.ParseInt(f[2+i], 10, 64); err != nil {
			return nil, saved, err
		}
	}
	protocol, ok := transaction.ParseProtocol(f[7])
	if !ok {
		return nil, saved, fmt.Errorf("protocol %q", f[7])
	}
	remote, err := netip.ParseAddrPort(f[8])
	if err != nil {
		return nil, saved, err
	}
	route, ok := d.routeTo(protocol, remote)
	if !ok {
		return nil, saved, errNoListener
	}
	s.expires = time.Unix(numbers[0], 0)
	s.dialog = dialog{
		callID: f[9], localTag: f[10], remoteTag: f[11], local: f[12], remote: f[13], target: f[14], routes: f[recordFields:],
		localSeq: uint32(numbers[3]), remoteSeq: uint32(numbers[4]), hasRemoteSeq: true, route: route,
		proof: &proof{peer: s.peer, addr: remote.Addr()},
	}
	s.version = uint32(numbers[2])
	s.context, s.exten, s.entity, s.watcher, s.eventID = f[15], f[16], f[17], f[18], f[19]
	s.host = hostOf(s.entity)
	s.contact = d.contactOn(s.route, s.exten, s.secure())
	return s, time.Unix(numbers[1], 0), nil
}

// restoreSubscriptions takes up what was there when the exchange last ran, and
// tells every phone the state.
func (d *Driver) restoreSubscriptions() {
	if d.store == nil {
		return
	}
	now := d.now()
	var gone []string
	d.store.Range(subscriptionFamily, func(key string, value []byte) bool {
		s, saved, err := d.parseSubscription(string(value))
		if err == nil {
			err = s.allowed()
		}
		if err == nil && !s.expires.After(now) {
			err = errors.New("its time is over")
		}
		if err != nil {
			d.debug(1, "SIP: a subscription is not taken up", "err", err)
			gone = append(gone, key)
			return true
		}
		// Numbers may jump, but must go up (RFC 3261 12.2.1.1, RFC 4235 4.1).
		jump := presence.Most(max(now.Sub(saved), 0))
		s.localSeq, s.version = s.localSeq+jump, s.version+jump
		s.kept = true
		s.start()
		s.last(s.expires.Sub(now))
		s.tell(false)
		return true
	})
	for _, key := range gone {
		d.store.Delete(subscriptionFamily, key, d.recorded)
	}
}
