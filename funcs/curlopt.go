package funcs

import (
	"cmp"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"pbx/channel"
	"pbx/config"
	"pbx/decl"
)

// curlOptions are those of one channel as they were written, by name.
type curlOptions map[string]string

type curlKey struct{}

// Kinds of values that options take.
const (
	anyText = iota
	aSwitch
	aNumber
	seconds
	statuses
)

// curlNames are the options and what they take.
var curlNames = map[string]int{
	"cookie": anyText, "conntimeout": seconds, "httptimeout": seconds, "followlocation": aSwitch, "maxredirs": aNumber,
	"header": aSwitch, "httpheader": anyText, "proxy": anyText, "proxyport": aNumber, "proxytype": anyText, "proxyuserpwd": anyText,
	"referer": anyText, "useragent": anyText, "userpwd": anyText,
	"ssl_verifypeer": aSwitch, "ssl_verifyhost": anyText, "ssl_cainfo": anyText, "ssl_capath": anyText, "ssl_cert": anyText, "ssl_key": anyText,
	"hashcompat": anyText, "failurecodes": statuses,
}

func curlOption() channel.Function {
	return channel.Function{
		Name: "CURLOPT", Synopsis: "How CURL() asks", SeeAlso: []string{"CURL"},
		Help: "Holds for the channel. conntimeout and httptimeout: seconds, 0 for no end; 60 and 180 by default. followlocation (no) and maxredirs (10): redirections. userpwd: NAME:PASSWORD. httpheader: a line NAME: VALUE, added to those before; cookie, referer and useragent have their own. " +
			"proxy, proxyport, proxytype (http or socks5), proxyuserpwd. ssl_verifypeer (yes), ssl_verifyhost (2; 0 takes any name), ssl_cainfo and ssl_capath: certificates to trust; ssl_cert and ssl_key: our own, as PEM files. header: yes has the header of the answer in the result. " +
			"hashcompat: yes takes a form for HASH() apart, legacy leaves its + alone. failurecodes: statuses, divided by commas, that count as no answer.",
		Args: []decl.Arg{arg("option", "its name")},
		Read: func(t channel.Thread, a *decl.Args) (string, error) {
			name := strings.ToLower(a.Arg(0))
			if _, ok := curlNames[name]; !ok {
				return "", unknownCurl(name)
			}
			return curlOptionsOf(t.Channel()).text(name), nil
		},
		Write: func(t channel.Thread, a *decl.Args, v string) error {
			return setCurlOption(t.Channel(), strings.ToLower(a.Arg(0)), v)
		},
	}
}

func unknownCurl(name string) error {
	text := fmt.Sprintf("there is no option '%s'", name)
	if near := config.Nearest(name, slices.Collect(maps.Keys(curlNames))); near != "" {
		text += "; did you mean " + near + "?"
	}
	return errors.New(text)
}

func setCurlOption(c *channel.Channel, name, v string) error {
	kind, ok := curlNames[name]
	if !ok {
		return unknownCurl(name)
	}
	switch kind {
	case aSwitch:
		if _, ok := config.Bool(v); !ok {
			return fmt.Errorf("%s=%q is neither yes nor no", name, v)
		}
	case aNumber, seconds:
		if n, err := strconv.ParseFloat(v, 64); err != nil || n < 0 || n > 1e6 {
			return fmt.Errorf("%s=%q is not a number", name, v)
		}
	case statuses:
		for _, s := range strings.Split(v, ",") {
			if _, err := strconv.Atoi(strings.TrimSpace(s)); err != nil {
				return fmt.Errorf("%s: %q is not a status", name, s)
			}
		}
	}
	o := maps.Clone(curlOptionsOf(c))
	if o == nil {
		o = make(curlOptions)
	}
	switch name {
	case "httpheader":
		if key, _, ok := strings.Cut(v, ":"); !ok || strings.TrimSpace(key) == "" || strings.ContainsAny(v, "\r\n") {
			return fmt.Errorf("httpheader %q is not NAME: VALUE", v)
		}
		if o[name] != "" {
			v = o[name] + "\n" + v
		}
	case "hashcompat":
		if b, ok := config.Bool(v); ok {
			v = yesNo(b)
		} else if v = strings.ToLower(v); v != "legacy" {
			return fmt.Errorf("hashcompat=%q is not yes, no or legacy", v)
		}
	case "proxytype":
		if !slices.Contains([]string{"http", "socks5", "socks5h"}, strings.ToLower(v)) {
			return fmt.Errorf("proxytype=%q is not http or socks5", v)
		}
	}
	o[name] = v
	c.SetData(curlKey{}, o)
	return nil
}

func yesNo(b bool) string {
	if b {
		return "yes"
	}
	return "no"
}

func curlOptionsOf(c *channel.Channel) curlOptions {
	o, _ := c.Data(curlKey{}).(curlOptions)
	return o
}

// curlDefaults are the values of options that nobody set.
var curlDefaults = curlOptions{
	"conntimeout": "60", "httptimeout": "180", "followlocation": "no", "maxredirs": "10", "header": "no", "ssl_verifypeer": "yes",
	"ssl_verifyhost": "2", "hashcompat": "no", "proxytype": "http", "useragent": "pbx",
}

func (o curlOptions) text(name string) string {
	if v, ok := o[name]; ok {
		return v
	}
	return curlDefaults[name]
}

func (o curlOptions) flag(name string, otherwise bool) bool {
	b, ok := config.Bool(o.text(name))
	if !ok {
		return otherwise
	}
	return b
}

func (o curlOptions) seconds(name string) time.Duration {
	f, _ := strconv.ParseFloat(o.text(name), 64) // it was checked when it was set
	return time.Duration(f * float64(time.Second))
}

func (o curlOptions) failures() (codes []int) {
	for s := range strings.SplitSeq(o.text("failurecodes"), ",") {
		if n, err := strconv.Atoi(strings.TrimSpace(s)); err == nil {
			codes = append(codes, n)
		}
	}
	return codes
}

// prepare fills in the header of a request.
func (o curlOptions) prepare(r *http.Request) {
	r.Header.Set("User-Agent", o.text("useragent"))
	if r.Method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for option, key := range map[string]string{"cookie": "Cookie", "referer": "Referer"} {
		if v := o.text(option); v != "" {
			r.Header.Set(key, v)
		}
	}
	if v := o.text("userpwd"); v != "" {
		name, password, _ := strings.Cut(v, ":")
		r.SetBasicAuth(name, password)
	}
	for line := range strings.Lines(o.text("httpheader")) {
		key, v, _ := strings.Cut(line, ":")
		key, v = strings.TrimSpace(key), strings.TrimSpace(v)
		if strings.EqualFold(key, "Host") {
			r.Host = v
			continue
		}
		r.Header.Set(key, v)
	}
}

// client makes a client for one request.
func (o curlOptions) client() (*http.Client, error) {
	secure, err := o.tls()
	if err != nil {
		return nil, err
	}
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, TLSClientConfig: secure, DisableKeepAlives: true, ForceAttemptHTTP2: true,
		DialContext: (&net.Dialer{Timeout: o.seconds("conntimeout")}).DialContext, TLSHandshakeTimeout: o.seconds("conntimeout"),
	}
	if p := o.text("proxy"); p != "" {
		u, err := o.proxy(p)
		if err != nil {
			return nil, err
		}
		t.Proxy = http.ProxyURL(u)
	}
	most, _ := strconv.Atoi(o.text("maxredirs"))
	return &http.Client{
		Transport: t, Timeout: o.seconds("httptimeout"),
		CheckRedirect: func(_ *http.Request, via []*http.Request) error {
			switch {
			case !o.flag("followlocation", false):
				return http.ErrUseLastResponse
			case len(via) > most:
				return fmt.Errorf("more than %d redirections", most)
			}
			return nil
		},
	}, nil
}

func (o curlOptions) proxy(p string) (*url.URL, error) {
	if !strings.Contains(p, "://") {
		p = strings.ToLower(o.text("proxytype")) + "://" + p
	}
	u, err := url.Parse(p)
	if err != nil {
		return nil, fmt.Errorf("proxy: %w", err)
	}
	if port := o.text("proxyport"); port != "" {
		u.Host = net.JoinHostPort(u.Hostname(), port)
	}
	if v := o.text("proxyuserpwd"); v != "" {
		name, password, _ := strings.Cut(v, ":")
		u.User = url.UserPassword(name, password)
	}
	return u, nil
}

func (o curlOptions) tls() (*tls.Config, error) {
	c := &tls.Config{MinVersion: tls.VersionTLS12}
	if !o.flag("ssl_verifypeer", true) {
		c.InsecureSkipVerify = true
	}
	var files []string
	if f := o.text("ssl_cainfo"); f != "" {
		files = append(files, f)
	}
	if dir := o.text("ssl_capath"); dir != "" {
		found, err := filepath.Glob(filepath.Join(dir, "*"))
		if err != nil {
			return nil, err
		}
		files = append(files, found...)
	}
	if len(files) > 0 {
		c.RootCAs = x509.NewCertPool()
	}
	for _, f := range files {
		pem, err := os.ReadFile(f)
		if err != nil {
			return nil, err
		}
		c.RootCAs.AppendCertsFromPEM(pem)
	}
	if cert := o.text("ssl_cert"); cert != "" {
		pair, err := tls.LoadX509KeyPair(cert, cmp.Or(o.text("ssl_key"), cert))
		if err != nil {
			return nil, err
		}
		c.Certificates = []tls.Certificate{pair}
	}
	if v := o.text("ssl_verifyhost"); (v == "0" || strings.EqualFold(v, "no")) && !c.InsecureSkipVerify {
		// The chain is looked at, the name is not.
		c.InsecureSkipVerify = true
		c.VerifyConnection = func(s tls.ConnectionState) error {
			chain := x509.VerifyOptions{Roots: c.RootCAs, Intermediates: x509.NewCertPool()}
			for _, link := range s.PeerCertificates[1:] {
				chain.Intermediates.AddCert(link)
			}
			_, err := s.PeerCertificates[0].Verify(chain)
			return err
		}
	}
	return c, nil
}
