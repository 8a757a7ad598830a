package missed

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/wneessen/go-mail"
)

// message makes the mail about a record. Its Message-ID is the same in every try.
func (s *Settings) message(j *job) (*mail.Msg, error) {
	m := mail.NewMsg()
	if err := m.From(s.Mail.From); err != nil {
		return nil, err
	}
	if err := m.To(j.To); err != nil {
		return nil, err
	}
	m.Subject(oneLine(j.Record.expand(s.Subject, s.Zone, plain)))
	m.SetDateWithValue(j.Record.Time)
	_, domain, _ := strings.Cut(strings.TrimRight(s.Mail.From, "> "), "@")
	m.SetMessageIDWithValue(strings.Map(idLetter, j.ID) + "@" + domain)
	// It is no person who writes, so that no machine answers (RFC 3834 5).
	m.SetGenHeader("Auto-Submitted", "auto-generated")
	m.SetBodyString(mail.TypeTextPlain, j.Record.expand(s.Body, s.Zone, plain))
	if s.HTML != "" {
		m.AddAlternativeString(mail.TypeTextHTML, j.Record.expand(s.HTML, s.Zone, escapeHTML))
	}
	return m, nil
}

// idLetter keeps what may stand in a Message-ID (RFC 5322 3.6.4).
func idLetter(c rune) rune {
	if c < 0x80 && strings.ContainsRune("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_", c) {
		return c
	}
	return '_'
}

// methods are the kinds of auth=.
var methods = map[string]mail.SMTPAuthType{
	"auto": mail.SMTPAuthAutoDiscover, "plain": mail.SMTPAuthPlain, "login": mail.SMTPAuthLogin, "cram-md5": mail.SMTPAuthCramMD5,
	"scram-sha-1": mail.SMTPAuthSCRAMSHA1, "scram-sha-256": mail.SMTPAuthSCRAMSHA256, "xoauth2": mail.SMTPAuthXOAUTH2,
}

// client makes a client for the server, which is not called yet.
func (m *Mail) client(password string) (*mail.Client, error) {
	o := []mail.Option{mail.WithPort(m.Port), mail.WithTimeout(patience), mail.WithTLSConfig(m.TLS), mail.WithoutNoop()}
	switch m.Security {
	case TLS:
		o = append(o, mail.WithSSL())
	case StartTLS:
		o = append(o, mail.WithTLSPolicy(mail.TLSMandatory))
	case Opportunistic:
		o = append(o, mail.WithTLSPolicy(mail.TLSOpportunistic))
	default:
		o = append(o, mail.WithTLSPolicy(mail.NoTLS))
	}
	if method, ok := methods[m.Auth]; ok && m.User != "" {
		if m.Security == Clear {
			// The file says so; pbx check has told what that means.
			switch method {
			case mail.SMTPAuthPlain:
				method = mail.SMTPAuthPlainNoEnc
			case mail.SMTPAuthLogin:
				method = mail.SMTPAuthLoginNoEnc
			}
		}
		o = append(o, mail.WithSMTPAuth(method), mail.WithUsername(m.User), mail.WithPassword(password))
	}
	return mail.NewClient(m.Host, o...)
}

// sendMail sends one mail. lost is an error that another try does not mend.
func (s *Service) sendMail(ctx context.Context, set *Settings, j *job) (err error) {
	if set.Mail.Host == "" || set.Mail.From == "" {
		return errors.New("missed.conf has no mail server")
	}
	msg, err := set.message(j)
	if err != nil {
		return lost{err}
	}
	password := set.Mail.Password
	oauth := set.Mail.Auth == "xoauth2" && set.Mail.OAuth.RefreshToken != ""
	if oauth {
		if password, err = s.tokens.get(ctx, set.Mail.OAuth); err != nil {
			return err
		}
	}
	c, err := set.Mail.client(password)
	if err != nil {
		return err
	}
	if err := c.DialWithContext(ctx); err != nil {
		if oauth {
			s.tokens.drop() // the next try has another one
		}
		return fmt.Errorf("mail server %s: %w", set.Mail.Host, err)
	}
	defer func() { _ = c.Close() }()
	if err := c.Send(msg); err != nil {
		var refused *mail.SendError
		if errors.As(err, &refused) && !refused.IsTemp() && refused.ErrorCode()/100 == 5 {
			return lost{err}
		}
		return err
	}
	return nil
}
