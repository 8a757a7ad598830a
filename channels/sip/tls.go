package sip

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"pbx/channels/sip/transport"
	"pbx/config"
)

// loadTLS reads the certificates that the tls options name. What cannot be read is
// named with its line; TLS then goes on with what it had, or is not served.
func (c *configLoader) loadTLS() {
	g := &c.cfg.General
	o := transport.TLSOptions{RequireClient: g.TLSVerifyClient, TrustAnyServer: g.TLSDontVerify, Ciphers: g.tlsCiphers, Min: tls.VersionTLS12, ClientMax: g.tlsClientMax}
	if g.TLSDisableV12 {
		o.Min = tls.VersionTLS13
	}
	good := true
	fail := func(err error, names ...string) {
		good = false
		if path := (*fs.PathError)(nil); errors.As(err, &path) {
			err = fmt.Errorf("%s: %w", path.Path, path.Err)
		}
		c.find(c.generalLine(names...), config.Error, "tls-certificate", names[0]+": "+err.Error(), "")
	}
	cert, key := g.TLSCertFile, g.TLSPrivateKey
	if cert == "" && g.TLSEnable {
		cert = "asterisk.pem"
	}
	if cert != "" {
		cert = c.path(cert)
		if key == "" {
			key = cert
		} else {
			key = c.path(key)
		}
		pair, err := config.LoadCertificate("", cert, key)
		switch {
		case err != nil && (strings.Contains(err.Error(), "private key") || strings.Contains(err.Error(), "key input")) && g.TLSPrivateKey != "":
			fail(err, "tlsprivatekey", "sslprivatekey")
		case err != nil:
			fail(err, "tlscertfile", "tlscert", "sslcert", "tlsenable", "sslenable")
		default:
			o.Certificate = pair
			c.checkCertificate(pair)
		}
	}
	if g.TLSCAFile != "" || g.TLSCAPath != "" {
		roots, err := config.LoadAuthorities(c.pathOrNone(g.TLSCAFile), c.pathOrNone(g.TLSCAPath))
		switch {
		case err != nil && g.TLSCAFile != "":
			fail(err, "tlscafile")
		case err != nil:
			fail(err, "tlscapath", "tlscadir")
		}
		o.Roots = roots
	}
	if good {
		c.cfg.tls = transport.NewTLS(o)
	}
}

// checkCertificate names what will be refused by those who connect.
func (c *configLoader) checkCertificate(pair *tls.Certificate) {
	leaf := pair.Leaf
	if leaf == nil {
		var err error
		if leaf, err = x509.ParseCertificate(pair.Certificate[0]); err != nil {
			return
		}
	}
	if now := c.now(); now.After(leaf.NotAfter) {
		c.find(c.generalLine("tlscertfile", "tlscert", "sslcert", "tlsenable", "sslenable"), config.Warning, "tls-expired", "the certificate ended on "+leaf.NotAfter.Format("2006-01-02"), "get a new one; sip reload takes it without dropping calls")
	}
}

// path is a file as the ancestor finds it: relative names are in the folder of the
// configuration.
func (c *configLoader) path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.dir, name)
}

func (c *configLoader) pathOrNone(name string) string {
	if name == "" {
		return ""
	}
	return c.path(name)
}

// setCipher reads a list of suites with OpenSSL's names. Words that stand for many,
// such as HIGH, and suites of TLS 1.3, which are never off, leave the choice to us;
// what is not safe any more is not spoken.
func setCipher(r *reader, v config.Variable) error {
	var ids []uint16
	r.g.tlsCiphers = nil
	for _, w := range strings.FieldsFunc(v.Value, func(c rune) bool { return c == ':' || c == ',' || c == ' ' }) {
		id, known := cipherNames[strings.ToUpper(w)]
		switch {
		case known:
			ids = append(ids, id)
		case strings.HasPrefix(w, "TLS_"), strings.HasPrefix(w, "!"), strings.HasPrefix(w, "-"), strings.HasPrefix(w, "+"), strings.HasPrefix(w, "@"):
		case cipherGroups[strings.ToUpper(w)]:
			return nil
		default:
			r.l.find(v.Pos, config.Warning, "tls-cipher", v.Name+": "+w+" is not spoken here", "leave tlscipher out, or name suites such as ECDHE-RSA-AES128-GCM-SHA256")
		}
	}
	r.g.tlsCiphers = ids
	return nil
}

// cipherNames are the suites of TLS 1.2 that are spoken, by their OpenSSL names.
var cipherNames = map[string]uint16{
	"ECDHE-ECDSA-AES128-GCM-SHA256": tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-RSA-AES128-GCM-SHA256":   tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
	"ECDHE-ECDSA-AES256-GCM-SHA384": tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-RSA-AES256-GCM-SHA384":   tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
	"ECDHE-ECDSA-CHACHA20-POLY1305": tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-RSA-CHACHA20-POLY1305":   tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
	"ECDHE-ECDSA-AES128-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA,
	"ECDHE-RSA-AES128-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA,
	"ECDHE-ECDSA-AES256-SHA":        tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA,
	"ECDHE-RSA-AES256-SHA":          tls.TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA,
}

var cipherGroups = map[string]bool{"ALL": true, "DEFAULT": true, "HIGH": true, "MEDIUM": true, "SECURE": true, "COMPLEMENTOFDEFAULT": true}

// setClientMethod reads tlsclientmethod: the one version that we ask a server for.
func setClientMethod(r *reader, v config.Variable) error {
	r.g.tlsClientMax = 0
	switch strings.ToLower(strings.TrimSpace(v.Value)) {
	case "sslv23", "tls", "auto", "":
	case "tlsv1_2", "tlsv1.2":
		r.g.tlsClientMax = tls.VersionTLS12
	case "tlsv1_3", "tlsv1.3":
	case "tlsv1", "tlsv1_1", "tlsv1.1", "sslv3", "sslv2":
		r.l.find(v.Pos, config.Warning, "tls-old", v.Name+": "+v.Value+" is not spoken: TLS begins with version 1.2 here", "leave the option out")
	default:
		return expected(v.Value, "tlsv1_2", "tlsv1_3")
	}
	return nil
}
