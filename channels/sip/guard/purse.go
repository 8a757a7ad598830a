package guard

import "time"

// purse limits what goes out unasked to one source, so that the exchange is no
// help to somebody who forges a victim's address: a challenge costs one coin, a
// right answer gives one back, and time fills it up. An office behind one address
// that answers its challenges never feels it.
type purse struct {
	coins float64
	at    time.Time
}

const (
	purseCoins  = 1000 // challenges at once
	purseRefill = 50   // a second
)

func (p *purse) take(now time.Time) bool {
	p.coins = min(purseCoins, p.coins+purseRefill*now.Sub(p.at).Seconds())
	p.at = now
	if p.coins < 1 {
		return false
	}
	p.coins--
	return true
}

// Budget lets Burst things happen at once and Rate a second, such as lines of a
// log, and counts what it did not let.
type Budget struct {
	Burst, Rate float64

	spent   float64
	at      time.Time
	Dropped int // since it was last set to 0
}

// Take reports whether one more may happen now.
func (b *Budget) Take(now time.Time) bool {
	b.spent = max(0, b.spent-b.Rate*now.Sub(b.at).Seconds())
	b.at = now
	if b.spent+1 > b.Burst {
		b.Dropped++
		return false
	}
	b.spent++
	return true
}
