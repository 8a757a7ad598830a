package media

import "slices"

// Join relays packets between two sessions, in place of whatever they were
// joined to before. Payload types are mapped, µ-law and A-law translated, any
// other codec passed on to a far end that has it, and telephone-events too; a session that is played to hears the sound
// instead. The sessions come to live on one loop. The error is ErrNoPath when
// the codecs they are configured with cannot be brought together, which leaves
// everything as it was, or ErrClosed.
func Join(a, b *Session) error {
	ra, ca := a.state()
	rb, cb := b.state()
	if ca || cb {
		return ErrClosed
	}
	if !path(ra, rb) || !path(rb, ra) {
		return ErrNoPath
	}
	a.post(func() {
		a.want = b
		a.join(b)
	})
	return nil
}

// Part ends the relay between a and b, if they are joined.
func Part(a, b *Session) {
	a.post(func() { a.partFrom(b) })
	if a != b {
		b.post(func() { b.partFrom(a) })
	}
}

// Echo sends what the far end says back to it, or ends that; it takes the place
// of a Join.
func (s *Session) Echo(on bool) {
	if on {
		_ = Join(s, s)
		return
	}
	Part(s, s)
}

// PassDigits says whether telephone-events from the session are passed on to the
// one it is joined to, as they are unless it is told otherwise. Events tells of
// them either way.
func (s *Session) PassDigits(on bool) {
	s.post(func() { s.noDigits = !on })
}

// TakesDigits reports whether digits are relayed to the session as
// telephone-events; if not, whoever wants its far end to have them sends them.
func (s *Session) TakesDigits() bool { return s.Remote().DTMFSend != 0 }

// Move has another loop of the engine serve the session and the one it is joined
// to. No packet is lost: what comes meanwhile waits in the sockets.
func (s *Session) Move(loop int) {
	dst := s.e.loops[loop%len(s.e.loops)]
	s.post(func() { s.move(dst) })
}

// Loop is the index of the loop that serves the session.
func (s *Session) Loop() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.owner.index
}

func (s *Session) state() (r Remote, closed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.remote, s.closed
}

// path reports whether something that from may send can be sent to to. A side
// without a codec is not configured yet, and decides nothing.
func path(from, to Remote) bool {
	if to.Send.Codec == "" || len(from.Recv) == 0 {
		return true
	}
	for _, p := range from.Recv {
		if Translatable(p.Codec, to.Send.Codec) || slices.ContainsFunc(to.Recv, func(q Payload) bool { return q.Codec == p.Codec }) {
			return true
		}
	}
	return false
}

// join connects s to b once both are on the loop of s. s.want is still b unless a
// Part or another Join came in between.
func (s *Session) join(b *Session) {
	if s.dead || s.want != b {
		return
	}
	b.mu.Lock()
	here := b.owner == s.l
	b.mu.Unlock()
	if !here || b.l == nil && !b.dead {
		// Fetch b, behind what was asked of it before.
		l := s.l
		b.post(func() {
			if b.l != nil && b.l != l {
				b.move(l)
			}
			s.post(func() { s.join(b) })
		})
		return
	}
	s.want = nil
	if b.dead || s.peer == b && b.peer == s {
		return
	}
	s.part()
	b.part()
	s.peer, b.peer = b, s
}

func (s *Session) partFrom(b *Session) {
	if s.want == b {
		s.want = nil
	}
	if s.peer == b {
		s.part()
	}
}

// move hands the session, and the one it is joined to, to another loop.
func (s *Session) move(dst *loop) {
	if s.dead || s.l == dst {
		return
	}
	group := [2]*Session{s, s.peer}
	if s.peer == s {
		group[1] = nil
	}
	s.e.whileOpen(func() {
		for _, m := range group {
			if m != nil {
				m.leave()
			}
		}
		dst.ctx.Post(func() {
			for _, m := range group {
				if m != nil {
					m.run(func() { m.arrive(dst) })
				}
			}
		})
		for _, m := range group {
			if m != nil {
				m.mu.Lock()
				m.owner = dst
				m.mu.Unlock()
				dst.sessions.Add(1)
			}
		}
	})
}

// arrive goes on where the session left another loop.
func (s *Session) arrive(l *loop) {
	s.l = l
	l.add(s)
	if err := s.listen(); err != nil {
		l.log.Error("RTP session cannot listen", "local", s.local, "error", err)
		s.fail()
		return
	}
	s.startWatch()
	s.startReports()
	if s.digitIn.active {
		s.digitIn.arm(s)
	}
	if s.paces() {
		l.pace(s)
	}
}
