package funcs

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"pbx/channel"
	"pbx/decl"
)

// maxAnswer is the longest answer that CURL() takes, in bytes.
const maxAnswer = 1 << 20

func curlFunctions() []channel.Function {
	address := decl.Arg{Name: "url", Help: "the address, http: or https:; http:// where it says neither"}
	return []channel.Function{
		{
			Name: "CURL", Synopsis: "What a web server answers", Outside: true, Dangerous: true, SeeAlso: []string{"CURLOPT", "URIENCODE", "JSON_DECODE"},
			Help: "Asks with GET, or with POST where there is data to send, and waits for the answer, as CURLOPT() says; the end of the call ends the wait. Blanks and ends of line at the end of the answer are left out. An answer of more than 1 MiB, a status among the failurecodes and a server that does not answer are logged, and the result is empty. " +
				"Set(CURL(url)=file) writes the answer to a file. The answer counts as text from the network. Text from a caller may stand in the path and behind it, not in the name of the host.",
			Args: []decl.Arg{address, optional("post-data", "what is sent with POST, as a form")},
			Read: func(t channel.Thread, a *decl.Args) (string, error) {
				text, err := fetch(t, a)
				a.Tainted = true
				if err != nil {
					return "", err
				}
				text = strings.TrimRight(text, blanks+"\x00")
				if mode := curlOptionsOf(t.Channel()).text("hashcompat"); mode == "yes" || mode == "legacy" {
					return formHash(t.Channel(), text, mode == "yes"), nil
				}
				return text, nil
			},
			Write: func(t channel.Thread, a *decl.Args, v string) error {
				if v == "" {
					return errors.New("a file name is required")
				}
				text, err := fetch(t, a)
				if err != nil {
					return err
				}
				return replaceFile(v, []byte(text))
			},
		},
		curlOption(),
	}
}

// fetch asks the server.
func fetch(t channel.Thread, a *decl.Args) (string, error) {
	address, err := curlAddress(a)
	if err != nil {
		return "", err
	}
	o := curlOptionsOf(t.Channel())
	client, err := o.client()
	if err != nil {
		return "", err
	}
	defer client.CloseIdleConnections()
	ctx, cancel := t.Channel().Context()
	defer cancel()
	method, body := http.MethodGet, io.Reader(http.NoBody)
	if len(a.Pos) > 1 {
		method, body = http.MethodPost, strings.NewReader(a.Arg(1))
	}
	req, err := http.NewRequestWithContext(ctx, method, address.String(), body)
	if err != nil {
		return "", err
	}
	o.prepare(req)
	answer, err := client.Do(req)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if slices.Contains(o.failures(), answer.StatusCode) {
		return "", fmt.Errorf("%s: %s", address.Redacted(), answer.Status)
	}
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer+1))
	switch {
	case err != nil:
		return "", fmt.Errorf("%s: %w", address.Redacted(), err)
	case len(text) > maxAnswer:
		return "", fmt.Errorf("%s: the answer has more than %d bytes", address.Redacted(), maxAnswer)
	}
	if !o.flag("header", false) {
		return string(text), nil
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\r\n", answer.Proto, answer.Status)
	if err := answer.Header.Write(&b); err != nil {
		return "", err
	}
	return b.String() + "\r\n" + string(text), nil
}

// curlAddress is the first argument. Where the request goes is not for callers to
// say.
func curlAddress(a *decl.Args) (*url.URL, error) {
	text := strings.TrimSpace(a.Arg(0))
	if text == "" {
		return nil, errors.New("an address is required")
	}
	if !strings.Contains(text, "://") {
		text = "http://" + text
	}
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	if s := strings.ToLower(u.Scheme); s != "http" && s != "https" {
		return nil, fmt.Errorf("%s: only http and https are asked", u.Scheme)
	}
	if u.Host == "" {
		return nil, fmt.Errorf("%q names no host", text)
	}
	// The host ends where the path, the query or the fragment begins.
	start := 0
	if i := strings.Index(a.Raw, "://"); i >= 0 {
		start = i + len("://")
	}
	host := len(a.Raw)
	if i := strings.IndexAny(a.Raw[start:], "/?#,"); i >= 0 {
		host = start + i
	}
	for i := range host {
		if a.TaintedAt(i) {
			return nil, fmt.Errorf("%q: part of the host came from a caller", u.Host)
		}
	}
	return u, nil
}

// formHash takes a form, name=value&name=value, apart for HASH(): the names go to
// where it looks for the columns of a query, the values are the result.
func formHash(c *channel.Channel, form string, blanksArePlus bool) string {
	var names, values []string
	for pair := range strings.SplitSeq(form, "&") {
		if pair = strings.TrimSpace(pair); pair == "" {
			continue
		}
		name, v, _ := strings.Cut(pair, "=")
		names, values = append(names, fieldOf(name, blanksArePlus)), append(values, fieldOf(v, blanksArePlus))
	}
	c.SetVar(hashFields, channel.Tainted(strings.Join(names, ",")))
	return strings.Join(values, ",")
}

// fieldOf decodes one part of a form, and protects what would divide a row.
func fieldOf(s string, blanksArePlus bool) string {
	if blanksArePlus {
		s = strings.ReplaceAll(s, "+", " ")
	}
	return protect(decodeURI(s))
}

// protect puts a backslash before what would divide a row of values.
func protect(s string) string { return rowEscapes.Replace(s) }

var rowEscapes = strings.NewReplacer(`\`, `\\`, `,`, `\,`, `"`, `\"`)
