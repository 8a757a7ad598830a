package apps

import (
	"bufio"
	"crypto/md5"
	"crypto/subtle"
	"encoding/hex"
	"os"
	"strings"

	"pbx/apps/prompt"
	"pbx/channel"
	"pbx/decl"
)

const (
	maxPassword = 256
	// authTries is how often a password may be wrong.
	authTries = 3
)

func authenticate(s *set, db channel.Database) channel.Application {
	letters := []decl.Option{
		{Letter: 'a', Help: "Set the account of the channel to what was entered."},
		{Letter: 'd', Help: "The password is a path such as /family of the database; its keys are the passwords."},
		{Letter: 'm', Help: "The file holds lines of account:md5 of the password; the account is set."},
		{Letter: 'r', Help: "Remove the key once it was used, with d."},
	}
	return channel.Application{
		Name:     "Authenticate",
		Synopsis: "Ask the caller for a password",
		Help: `Answers the call, asks for a password and goes on when it is right. After three wrong ones the call ends. ` +
			`A password that begins with a slash is a file with a password on each line, or a path of the database with d.`,
		Args: []decl.Arg{
			{Name: "password", Help: "The password, a file or a path of the database."},
			{Name: "options", Help: "Letters, see below.", Optional: true, Options: true},
			{Name: "maxdigits", Help: "Enough digits: the entry ends without #.", Optional: true},
			{Name: "prompt", Help: "The sound that asks, agent-pass if not given.", Optional: true, Target: decl.Sound},
		},
		Options: letters,
		SeeAlso: []string{"Read"},
		Wait:    true,
		Run: func(t channel.Thread, args *decl.Args) error {
			if !args.Has(0) {
				warn(t, "Authenticate requires an argument(password)")
				return channel.ErrHangup
			}
			options(t, "Authenticate", args, args.Arg(1), letters)
			if err := t.Channel().Answer(); err != nil {
				return err
			}
			limit := int(wholeNumber(args.Arg(2)))
			if limit < 1 || limit > maxPassword {
				limit = maxPassword
			}
			ask := args.Arg(3)
			if ask == "" {
				ask = "agent-pass"
			}
			secret := &password{text: args.Arg(0), args: args, db: db, t: t}
			for range authTries {
				entered, err := s.askDigits(t, ask, limit)
				if err != nil {
					return err
				}
				ok, account := secret.matches(entered)
				if ok {
					if account != "" {
						t.Channel().SetSettings(func(s *channel.Settings) { s.Account = account })
					}
					return s.tellCaller(t, "Authenticate", "auth-thankyou")
				}
				ask = "auth-incorrect"
			}
			if err := s.tellCaller(t, "Authenticate", "vm-goodbye"); err != nil {
				return err
			}
			return channel.ErrHangup
		},
	}
}

// tellCaller plays a sound for an application; one that is not there is left out.
func (s *set) tellCaller(t channel.Thread, app, name string) error {
	_, err := s.player.Play(t.Channel(), name, prompt.Options{})
	return forgive(t, app, err)
}

// askDigits plays a sound, which the first digit stops, and takes digits up to #.
func (s *set) askDigits(t channel.Thread, sound string, limit int) (string, error) {
	r := &reader{set: s, t: t, ch: t.Channel(), files: channel.Clean(sound), ends: "#", max: limit}
	digits, _, err := r.attempt()
	return digits, err
}

// password is what the caller must know.
type password struct {
	text string
	args *decl.Args
	db   channel.Database
	t    channel.Thread
}

// matches compares an entry. account is what the channel's account is to be, ""
// for no change.
func (p *password) matches(entered string) (ok bool, account string) {
	if entered == "" {
		return false, ""
	}
	if given(p.args, 'a') {
		account = entered
	}
	switch {
	case !strings.HasPrefix(p.text, "/"):
		return same(p.text, entered), account
	case given(p.args, 'd'):
		family, key, _ := strings.Cut(strings.TrimPrefix(p.text, "/"), "/")
		if key != "" {
			entered = key + "/" + entered
		}
		if p.db == nil {
			return false, ""
		}
		_, ok := p.db.Get(family, entered)
		if ok && given(p.args, 'r') {
			if _, err := p.db.Delete(family, entered); err != nil {
				warn(p.t, "Authenticate: %v", err)
			}
		}
		return ok, account
	}
	return p.inFile(entered, account)
}

// inFile looks an entry up in a file.
func (p *password) inFile(entered, account string) (bool, string) {
	f, err := os.Open(p.text)
	if err != nil {
		warn(p.t, "Unable to open file '%s' for authentication: %v", p.text, err)
		return false, ""
	}
	defer f.Close()
	sum := md5.Sum([]byte(entered))
	for lines := bufio.NewScanner(f); lines.Scan(); {
		line := strings.TrimSpace(lines.Text())
		if line == "" {
			continue
		}
		if !given(p.args, 'm') {
			if same(line, entered) {
				return true, account
			}
			continue
		}
		if name, hash, ok := strings.Cut(line, ":"); ok && same(strings.ToLower(hash), hex.EncodeToString(sum[:])) {
			return true, name
		}
	}
	return false, ""
}

// same compares without telling by its time how much is right.
func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }
