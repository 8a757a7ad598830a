package channel

import "errors"

// ErrInsecure is the reason of a Masquerade that would bring a leg into a call whose
// security it has not.
var ErrInsecure = errors.New("the call wants encryption that a leg has not (CHANNEL(secure_bridge_signaling), CHANNEL(secure_bridge_media))")

// Securer is a Leg that knows how secure the way to its far end is. One that is none is
// not secure.
type Securer interface {
	// Secure reports whether the signalling and the audio are encrypted as far as the
	// next hop. It is called while the driver is still.
	Secure() (signaling, media bool)
}

// Admits returns ErrInsecure if the phone of clone must not come in c's place:
// for what is wanted where it comes to, and, of whom it will talk to, where it comes
// from. Those of c's own call are there by right: a caller that asks for
// security need not have it. The drivers of both are still.
func (c *Channel) Admits(clone *Channel) error {
	here, comes := c.Settings(), clone.Settings()
	partner := c.Bridged()
	if partner != nil {
		p := partner.Settings()
		here.SecureSignaling = here.SecureSignaling || p.SecureSignaling
		here.SecureMedia = here.SecureMedia || p.SecureMedia
	}
	if !clone.secure(here.SecureSignaling, here.SecureMedia) {
		return ErrInsecure
	}
	signaling, media := comes.SecureSignaling && !here.SecureSignaling, comes.SecureMedia && !here.SecureMedia
	if partner == nil || !signaling && !media {
		return nil
	}
	if t := partner.Tech(); t != c.Tech() && t != clone.Tech() || !partner.secure(signaling, media) {
		return ErrInsecure // or its driver is not still
	}
	return nil
}

// Together returns ErrInsecure where one of two channels that are about to be joined wants
// of the other what its leg has not. Any goroutine may call it but the loop of a driver.
func Together(a, b *Channel) (err error) {
	x, y := a.Settings(), b.Settings()
	if !x.SecureSignaling && !x.SecureMedia && !y.SecureSignaling && !y.SecureMedia {
		return nil
	}
	if e := still(a, b, func() {
		if !a.secure(y.SecureSignaling, y.SecureMedia) || !b.secure(x.SecureSignaling, x.SecureMedia) {
			err = ErrInsecure
		}
	}); e != nil {
		return e
	}
	return err
}

// secure reports whether the leg has what is wanted of it.
func (c *Channel) secure(signaling, media bool) bool {
	if !signaling && !media {
		return true
	}
	s, ok := c.Leg().(Securer)
	if !ok {
		return false
	}
	hasSignaling, hasMedia := s.Secure()
	return (hasSignaling || !signaling) && (hasMedia || !media)
}
