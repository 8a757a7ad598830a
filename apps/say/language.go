package say

import "strings"

// The orders in which languages say numbers, and the names that their sound sets
// have for the words: 1N and 1F are one in the neuter and the feminine, 1-and is one
// before a ten, as in one-and-twenty.

// speaker collects the words of one number.
type speaker struct {
	files  []string
	gender string // f, m, c or n; "" where nobody says
}

func (s *speaker) word(names ...string) {
	for _, n := range names {
		s.files = append(s.files, "digits/"+n)
	}
}

func (s *speaker) digits(n int64) { s.files = append(s.files, digit(n)) }

// in says n by other rules of gender.
func (s *speaker) in(gender string, n int64, say func(*speaker, int64)) {
	was := s.gender
	s.gender = gender
	say(s, n)
	s.gender = was
}

// orders are the languages that do not say numbers as English does.
var orders = map[string]func(s *speaker, n int64){
	"en_GB": british, "da": danish, "de": german, "es": spanish, "fr": french, "hu": hungarian, "it": italian,
}

// order is that of a language, such as de or de_AT.
func order(language string) func(s *speaker, n int64) {
	for name, o := range orders {
		if len(language) < len(name) || !strings.EqualFold(language[:len(name)], name) {
			continue
		}
		if rest := language[len(name):]; rest == "" || rest[0] == '_' || rest[0] == '-' {
			return o
		}
	}
	return nil
}

// inOrder says n as a language does.
func inOrder(say func(s *speaker, n int64), n int64, gender string) ([]string, error) {
	s := &speaker{gender: gender}
	if n < 0 {
		s.word("minus")
		n = -n
	}
	switch {
	case n < 0 || n >= 1000*billion:
		return nil, ErrTooBig
	case n == 0:
		s.word("0")
	default:
		say(s, n)
	}
	return s.files, nil
}

// british is English with an "and" before what is less than a hundred.
func british(s *speaker, n int64) {
	for _, scale := range []struct {
		size int64
		name string
	}{{billion, "billion"}, {1_000_000, "million"}, {1000, "thousand"}} {
		if n < scale.size {
			continue
		}
		british(s, n/scale.size)
		s.word(scale.name)
		if n %= scale.size; n > 0 && n < 100 {
			s.word("and")
		}
	}
	if n >= 100 {
		s.digits(n / 100)
		s.word("hundred")
		if n %= 100; n > 0 {
			s.word("and")
		}
	}
	if n >= 20 {
		s.digits(n / 10 * 10)
		n %= 10
	}
	if n > 0 {
		s.digits(n)
	}
}

// reversed says 21 to 99 with the ones first.
func (s *speaker) reversed(n int64) {
	if ones := n % 10; ones > 0 {
		s.word(string(rune('0'+ones)) + "-and")
	}
	s.digits(n / 10 * 10)
}

// danish has one in two genders and an "and" before what is less than a hundred.
func danish(s *speaker, n int64) {
	if n >= 1_000_000 {
		s.in("c", n/1_000_000, danish)
		if n/1_000_000 == 1 {
			s.word("million")
		} else {
			s.word("millions")
		}
		if n %= 1_000_000; n > 0 && n < 100 {
			s.word("and")
		}
	}
	if n >= 1000 {
		s.in("n", n/1000, danish)
		s.word("thousand")
		if n %= 1000; n > 0 && n < 100 {
			s.word("and")
		}
	}
	if n >= 100 {
		if n < 200 {
			s.word("1N")
		} else {
			s.digits(n / 100)
		}
		s.word("hundred")
		if n %= 100; n > 0 {
			s.word("and")
		}
	}
	switch {
	case n == 0:
	case n == 1 && s.gender == "n":
		s.word("1N")
	case n < 20:
		s.digits(n)
	default:
		s.reversed(n)
	}
}

// german says a hundred and a thousand without one where they stand alone.
func german(s *speaker, n int64) {
	alone := true
	for _, scale := range []struct {
		size       int64
		one, names string
	}{{billion, "milliard", "milliards"}, {1_000_000, "million", "millions"}} {
		switch count := n / scale.size; count {
		case 0:
			continue
		case 1:
			s.word("1F", scale.one)
		default:
			german(s, count)
			s.word(scale.names)
		}
		n, alone = n%scale.size, false
	}
	switch {
	case n == 1000 && alone:
		s.word("thousand")
		n = 0
	case n >= 2000:
		german(s, n/1000)
		s.word("thousand")
		n, alone = n%1000, false
	case n >= 1000:
		s.word("1N", "thousand")
		n, alone = n%1000, false
	}
	switch {
	case n == 100 && alone:
		s.word("hundred")
		n = 0
	case n >= 200:
		s.digits(n / 100)
		s.word("hundred")
		n %= 100
	case n >= 100:
		s.word("1N", "hundred")
		n %= 100
	}
	switch {
	case n == 0:
	case n == 1 && s.gender == "f":
		s.word("1F")
	case n < 20:
		s.digits(n)
	default:
		s.reversed(n)
	}
}

// spanish has words of their own up to 30 and for the hundreds.
func spanish(s *speaker, n int64) {
	switch count := n / 1_000_000; {
	case count == 1:
		s.word("1M", "million")
	case count > 1:
		spanish(s, count)
		s.word("millions")
	}
	n %= 1_000_000
	if n >= 1000 {
		if n >= 2000 {
			spanish(s, n/1000)
		}
		s.word("thousand")
		n %= 1000
	}
	switch {
	case n > 100 && n < 200:
		s.word("100-and")
		n -= 100
	case n >= 100:
		s.digits(n / 100 * 100)
		n %= 100
	}
	if n > 30 {
		s.digits(n / 10 * 10)
		if n %= 10; n > 0 {
			s.word("and")
		}
	}
	switch {
	case n == 0:
	case n == 1 && (s.gender == "f" || s.gender == "m"):
		s.word("1" + strings.ToUpper(s.gender))
	default:
		s.digits(n)
	}
}

// french counts on from 60 and from 80.
func french(s *speaker, n int64) {
	if n >= 1_000_000 {
		french(s, n/1_000_000)
		s.word("million")
		n %= 1_000_000
	}
	if n >= 1000 {
		if n >= 2000 {
			french(s, n/1000)
		}
		s.word("thousand")
		n %= 1000
	}
	if n >= 100 {
		if n >= 200 {
			s.digits(n / 100)
		}
		s.word("hundred")
		n %= 100
	}
	if n > 20 {
		ten := n / 10 * 10
		if ten == 70 || ten == 90 {
			ten -= 10
		}
		s.digits(ten)
		if n%10 == 1 && n < 80 {
			s.word("et")
		}
		n -= ten
	}
	switch {
	case n == 0:
	case n == 1 && s.gender == "f":
		s.word("1F")
	default:
		s.digits(n)
	}
}

// hungarian has other words for 10 and 20 before ones.
func hungarian(s *speaker, n int64) {
	for _, scale := range []struct {
		size int64
		name string
	}{{billion, "billion"}, {1_000_000, "million"}, {1000, "thousand"}} {
		if n >= scale.size {
			hungarian(s, n/scale.size)
			s.word(scale.name)
			n %= scale.size
		}
	}
	if n >= 100 {
		s.digits(n / 100)
		s.word("hundred")
		n %= 100
	}
	switch {
	case n > 10 && n < 20:
		s.word("10en")
		n -= 10
	case n > 20 && n < 30:
		s.word("20on")
		n -= 20
	case n >= 20:
		s.digits(n / 10 * 10)
		n %= 10
	}
	if n > 0 {
		s.digits(n)
	}
}

// italian draws a ten and a one or an eight together.
func italian(s *speaker, n int64) {
	for _, scale := range []struct {
		size      int64
		one, many string
	}{{billion, "milliard", "milliards"}, {1_000_000, "million", "millions"}, {1000, "thousand", "thousands"}} {
		switch count := n / scale.size; count {
		case 0:
		case 1:
			s.word(scale.one)
		default:
			italian(s, count)
			s.word(scale.many)
		}
		n %= scale.size
	}
	if n >= 100 {
		if n >= 200 {
			s.digits(n / 100)
		}
		s.word("hundred")
		n %= 100
	}
	if n > 20 && n%10 != 1 && n%10 != 8 || n == 20 {
		s.digits(n / 10 * 10)
		n %= 10
	}
	if n > 0 {
		s.digits(n)
	}
}
