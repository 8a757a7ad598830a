package funcs

import (
	"bytes"
	"crypto/aes"
	"encoding/base64"
	"errors"

	"pbx/channel"
	"pbx/decl"
)

// The field's AES functions encrypt each block by itself (ECB) with a key of 16
// characters and pad the last one with zeros. It keeps a secret out of sight; it
// is no protection against somebody who collects texts.
func cipherFunctions() []channel.Function {
	args := []decl.Arg{arg("key", "16 characters"), arg("string", "the text")}
	return []channel.Function{
		{
			Name: "AES_ENCRYPT", Synopsis: "A text encrypted, in Base64", Args: args, SeeAlso: []string{"AES_DECRYPT"},
			Help: "AES with 128 bits, block by block.",
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return encrypt(a.Arg(0), a.Arg(1)) },
		},
		{
			Name: "AES_DECRYPT", Synopsis: "What AES_ENCRYPT encrypted", Args: args, SeeAlso: []string{"AES_ENCRYPT"},
			Read: func(_ channel.Thread, a *decl.Args) (string, error) { return decrypt(a.Arg(0), a.Arg(1)) },
		},
	}
}

var errKey = errors.New("the key must have 16 characters")

func encrypt(key, text string) (string, error) {
	if len(key) != aes.BlockSize {
		return "", errKey
	}
	c, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", err
	}
	b := make([]byte, (len(text)+aes.BlockSize-1)/aes.BlockSize*aes.BlockSize)
	copy(b, text)
	for i := 0; i < len(b); i += aes.BlockSize {
		c.Encrypt(b[i:], b[i:])
	}
	return base64.StdEncoding.EncodeToString(b), nil
}

func decrypt(key, text string) (string, error) {
	if len(key) != aes.BlockSize {
		return "", errKey
	}
	c, err := aes.NewCipher([]byte(key))
	if err != nil {
		return "", err
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return "", errors.New("the text is not Base64")
	}
	if len(b)%aes.BlockSize != 0 {
		return "", errors.New("the text is not whole blocks of 16")
	}
	for i := 0; i < len(b); i += aes.BlockSize {
		c.Decrypt(b[i:], b[i:])
	}
	b, _, _ = bytes.Cut(b, []byte{0})
	return string(b), nil
}
