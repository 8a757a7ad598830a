package missed

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"
)

// OAuth says how tokens for the mail server are come by: with a refresh token
// (RFC 6749 6), which mail providers give out once.
type OAuth struct {
	TokenURL, ClientID, ClientSecret, RefreshToken, Scope string
}

// tokens keeps the token of the moment.
type tokens struct {
	now    func() time.Time
	client *http.Client

	mu    sync.Mutex
	of    OAuth
	token string
	until time.Time
}

// spare is how long before its end a token is not used any more.
const spare = time.Minute

// get returns a token that is good for a while.
func (t *tokens) get(ctx context.Context, o OAuth) (string, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.of == o && t.token != "" && t.now().Before(t.until) {
		return t.token, nil
	}
	form := url.Values{"grant_type": {"refresh_token"}, "refresh_token": {o.RefreshToken}, "client_id": {o.ClientID}}
	if o.ClientSecret != "" {
		form.Set("client_secret", o.ClientSecret)
	}
	if o.Scope != "" {
		form.Set("scope", o.Scope)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, o.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return "", err
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Accept", "application/json")
	answer, err := t.client.Do(req)
	if err != nil {
		return "", fmt.Errorf("token: %w", err)
	}
	defer func() { _ = answer.Body.Close() }()
	var got struct {
		Token   string  `json:"access_token"`
		Seconds float64 `json:"expires_in"`
		Error   string  `json:"error"`
		Text    string  `json:"error_description"`
	}
	if err := json.NewDecoder(io.LimitReader(answer.Body, 1<<20)).Decode(&got); err != nil {
		return "", fmt.Errorf("token: the server answers %s: %w", answer.Status, err)
	}
	if got.Token == "" {
		return "", errors.New(strings.TrimSpace("token: refused: " + oneLine(got.Error+" "+got.Text)))
	}
	if got.Seconds <= 0 {
		got.Seconds = 300
	}
	t.of, t.token, t.until = o, got.Token, t.now().Add(time.Duration(min(got.Seconds, 86400)*float64(time.Second))-spare)
	return t.token, nil
}

// drop forgets a token that the mail server did not take.
func (t *tokens) drop() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.token = ""
}
