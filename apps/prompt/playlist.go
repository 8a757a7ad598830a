package prompt

import (
	"fmt"

	"pbx/channel"
	"pbx/media"
	"pbx/media/sound"
)

// Playlist plays sounds one after another while the goroutine that owns its channel
// waits for other things: it hands every frame of the channel to Frame.
type Playlist struct {
	player  *Player
	ch      *channel.Channel
	names   []string // those that are not over, the first of them plays
	session Session
	id      media.PlayID // of the first, 0 while none plays
	started bool
}

// NewPlaylist makes an empty one, which plays nothing before Start.
func (p *Player) NewPlaylist(ch *channel.Channel) *Playlist {
	return &Playlist{player: p, ch: ch}
}

// Start begins to play what is in the list, and what will be.
func (l *Playlist) Start() {
	l.started = true
	l.play()
}

// Add appends a sound.
func (l *Playlist) Add(name string) {
	l.names = append(l.names, name)
	l.play()
}

// Clear empties the list. It returns the sound that it cut off, "" when none
// played, and those that had not begun.
func (l *Playlist) Clear() (cut string, dropped []string) {
	dropped, l.names = l.names, nil
	if l.id != 0 {
		l.session.Stop(l.id)
		l.id = 0
		cut, dropped = dropped[0], dropped[1:]
	}
	return cut, dropped
}

// Frame looks at a frame of the channel. It returns the sound that came to its end
// with it, "" for none; the next one has begun then.
func (l *Playlist) Frame(f channel.Frame) (finished string) {
	if l.id == 0 {
		return ""
	}
	switch {
	case f.Kind == channel.FramePlayed:
		if r, ok := f.Data.(channel.PlayResult); ok && r.ID == l.id {
			finished, l.names, l.id = l.names[0], l.names[1:], 0
			l.play()
		}
	case f.Kind == channel.FrameControl && f.Control == channel.ControlSourceUpdate && l.player.session(l.ch) != l.session:
		l.session.Stop(l.id) // another phone listens: it hears the sound from its beginning
		l.id = 0
		l.play()
	}
	return finished
}

// play begins with the first sound that can be played, unless one plays.
func (l *Playlist) play() {
	for l.started && l.id == 0 && len(l.names) > 0 {
		id, s, err := l.player.start(l.ch, l.names[0], &Options{})
		if err != nil {
			l.ch.Log().Warn(fmt.Sprintf("%s: %v", l.ch.Name(), err))
			l.names = l.names[1:]
			continue
		}
		l.id, l.session = id, s
	}
}

// Exists reports whether the library has a sound for the channel's language.
func (p *Player) Exists(ch *channel.Channel, name string) bool {
	return p.sounds.Exists(sound.Request{Name: name, Language: ch.Settings().Language})
}
