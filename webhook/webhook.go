// Package webhook posts to web servers that want to be told: with a time limit, a
// signature by which the server knows who tells, and errors that say whether another
// try makes sense. Queues and retries are those of the caller.
//
// A Poster may be used by any goroutine but a loop: Post waits for the server.
package webhook

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
)

// The headers of a post beside those of Post.
const (
	// SignatureHeader holds t=SECONDS,v1=HEX: the moment of the post, and HMAC-SHA-256
	// with the secret of SECONDS, a dot and the body.
	SignatureHeader = "X-Pbx-Signature"
	// DeliveryHeader is the same in every try of one post: who sees it twice has it
	// already.
	DeliveryHeader = "X-Pbx-Delivery"
)

const (
	// patience is how long one try may take.
	patience = 15 * time.Second
	// most is how much of an answer is read, so that the connection can be used again.
	most = 64 << 10
	// longestDelay bounds what a server may ask for with Retry-After.
	longestDelay = time.Hour
)

// Poster posts. It keeps connections for the next post.
type Poster struct {
	agent  string
	now    func() time.Time
	client *http.Client
}

// New makes a poster that calls itself agent.
func New(agent string, now func() time.Time) *Poster {
	transport := &http.Transport{
		Proxy: http.ProxyFromEnvironment, MaxIdleConns: 16, MaxIdleConnsPerHost: 2, IdleConnTimeout: time.Minute,
		TLSHandshakeTimeout: patience, ForceAttemptHTTP2: true,
	}
	return &Poster{agent: agent, now: now, client: &http.Client{
		Transport: transport, Timeout: patience,
		// A post that is sent elsewhere would become a GET, or take its secrets along.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Close lets go of connections that wait for the next post.
func (p *Poster) Close() { p.client.CloseIdleConnections() }

// Post is one thing to tell.
type Post struct {
	// URL is http or https.
	URL string
	// ID is the same in every try.
	ID string
	// Type is that of Body, application/json where it is "".
	Type string
	Body []byte
	// Secret signs the post, "" does not.
	Secret string
	// Header is sent too.
	Header http.Header
}

// Error is a post that came to nothing.
type Error struct {
	// Status is what the server answered, 0 for none.
	Status int
	Err    error
	// Again says that another try may do better, After how long the server wants to
	// be left alone before, 0 where it does not say.
	Again bool
	After time.Duration
}

// Error implements error.
func (e *Error) Error() string {
	if e.Err != nil {
		return e.Err.Error()
	}
	return "the server answers " + strconv.Itoa(e.Status) + " " + http.StatusText(e.Status)
}

// Unwrap is what it comes from.
func (e *Error) Unwrap() error { return e.Err }

// Again reports whether another try may do better, and how long to wait at least.
func Again(err error) (bool, time.Duration) {
	var e *Error
	if errors.As(err, &e) {
		return e.Again, e.After
	}
	return false, 0
}

// Check reports what is wrong with an address.
func Check(address string) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	if u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("%q is not an address such as https://example.com/hook", address)
	}
	return nil
}

// Post posts once. nil is that the server took it (2xx); any other error is an *Error.
func (p *Poster) Post(ctx context.Context, x Post) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, x.URL, bytes.NewReader(x.Body))
	if err != nil {
		return &Error{Err: err}
	}
	for name, values := range x.Header {
		req.Header[name] = values
	}
	if x.Type == "" {
		x.Type = "application/json"
	}
	req.Header.Set("Content-Type", x.Type)
	req.Header.Set("User-Agent", p.agent)
	if x.ID != "" {
		req.Header.Set(DeliveryHeader, x.ID)
	}
	if x.Secret != "" {
		req.Header.Set(SignatureHeader, Sign(x.Secret, p.now(), x.Body))
	}
	answer, err := p.client.Do(req)
	if err != nil {
		return &Error{Err: err, Again: true}
	}
	defer func() { _ = answer.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(answer.Body, most))
	if answer.StatusCode/100 == 2 {
		return nil
	}
	e := &Error{Status: answer.StatusCode, After: p.after(answer.Header.Get("Retry-After"))}
	switch {
	case answer.StatusCode >= 500, answer.StatusCode == http.StatusTooManyRequests, answer.StatusCode == http.StatusRequestTimeout,
		answer.StatusCode == http.StatusTooEarly, answer.StatusCode == http.StatusMisdirectedRequest:
		e.Again = true
	}
	return e
}

// after reads Retry-After (RFC 9110 10.2.3).
func (p *Poster) after(text string) time.Duration {
	if n, err := strconv.Atoi(text); err == nil && n > 0 {
		return min(time.Duration(min(n, int(longestDelay/time.Second)))*time.Second, longestDelay)
	}
	if at, err := http.ParseTime(text); err == nil {
		return min(max(at.Sub(p.now()), 0), longestDelay)
	}
	return 0
}

// Sign is the value of SignatureHeader.
func Sign(secret string, at time.Time, body []byte) string {
	t := strconv.FormatInt(at.Unix(), 10)
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(t + "."))
	mac.Write(body)
	return "t=" + t + ",v1=" + hex.EncodeToString(mac.Sum(nil))
}

const (
	firstDelay = 5 * time.Second
	lastDelay  = 30 * time.Minute
)

// Delay is how long to wait after so many tries that failed, from 1: 5 s, twice as
// long each time, half an hour at most.
func Delay(tries int) time.Duration {
	d := firstDelay
	for ; tries > 1 && d < lastDelay; tries-- {
		d *= 2
	}
	return min(d, lastDelay)
}
