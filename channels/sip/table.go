package sip

// table finds calls by their Call-ID. Several may share one: a request that was
// forked on its way here, or one of our own that came back to us (a spiral). They
// differ in their tags.
type table struct {
	byID  map[string]*pvt // the first of a chain through pvt.sibling
	count int
}

func newTable() table { return table{byID: make(map[string]*pvt)} }

func (t *table) len() int { return t.count }

func (t *table) add(p *pvt) {
	p.sibling = t.byID[p.callID]
	t.byID[p.callID] = p
	t.count++
}

func (t *table) remove(p *pvt) {
	first := t.byID[p.callID]
	if first == p {
		if p.sibling == nil {
			delete(t.byID, p.callID)
		} else {
			t.byID[p.callID] = p.sibling
		}
		t.count--
		p.sibling = nil
		return
	}
	for o := first; o != nil; o = o.sibling {
		if o.sibling == p {
			o.sibling, p.sibling = p.sibling, nil
			t.count--
			return
		}
	}
}

// dialog finds the call that a request within a dialog is for (RFC 3261 12.2.2):
// the tag in To is ours, that in From the far end's. An early dialog of ours may
// not know the far end's tag yet.
func (t *table) dialog(callID, toTag, fromTag []byte) *pvt {
	for p := t.byID[string(callID)]; p != nil; p = p.sibling {
		if p.localTag == string(toTag) && (p.remoteTag == string(fromTag) || p.outgoing && p.remoteTag == "") {
			return p
		}
	}
	return nil
}

// each calls f for every call; f may remove the one it is handed.
func (t *table) each(f func(*pvt)) {
	for _, p := range t.byID {
		for p != nil {
			next := p.sibling
			f(p)
			p = next
		}
	}
}
