// Package media carries the audio: RTP sessions on media loops, relayed, played
// to, and told apart.
//
// An Engine has a few loops, each a goroutine with a poll context and a
// scheduler of its own. A Session belongs to one loop and so does all its state;
// its methods may be called from any goroutine, return at once, and hand the
// work to the loop in the order they were called. The legs of a bridge live on
// the same loop, so that a packet is received, rewritten and sent without leaving
// it: Join moves one if need be.
//
// Receive buffers belong to the loop and are overwritten by the next packet.
// What is handed a payload (Tap) may keep it no longer than the call; what a
// Source fills is the loop's as well.
package media
