package consent_test

import (
	"encoding/base64"
	"encoding/hex"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/visitor/consent"
)

var (
	key   = []byte("0123456789abcdef0123456789abcdef")
	other = []byte("fedcba9876543210fedcba9876543210")
)

// Hashes and tokens are kept for years, in databases and in mails, so they must not change.
func TestHashAndTokenStay(t *testing.T) {
	t.Parallel()
	hash := ada.Hash(key, "acme")
	require.Equal(t, "26cfa6f8939bf1b790c194b7e740f099f617416c290126830fc582bb6f885ad6", hex.EncodeToString(hash[:]))
	require.Equal(t, "ATDjcV9atbKvMoRxvbcWi0fddbNu4ikp8nmn2baFwrXfJs-m-JOb8beQwZS350DwmfYXQWwpASaDD8WCu2-IWtZuZXdzAGFjbWU",
		consent.Link{Workspace: "acme", Subject: hash, Topic: "news"}.Token(key))
	require.Equal(t, "c343e08cb6c7a6f0", consent.KeyID(key))
	require.NotEqual(t, consent.KeyID(key), consent.KeyID(other))
	require.NoError(t, consent.CheckKey(key))
	refused(t, consent.CheckKey(key[:15]), "suppression_key", "shorter than 16")
}

func TestHashDiffers(t *testing.T) {
	t.Parallel()
	subject := consent.Subject{Channel: consent.Email, Sender: "a", Address: "b"}
	seen := map[consent.Hash]bool{}
	for _, h := range []consent.Hash{
		subject.Hash(key, "acme"), subject.Hash(other, "acme"), subject.Hash(key, "acm"),
		consent.Subject{Channel: consent.SMS, Sender: "a", Address: "b"}.Hash(key, "acme"),
		consent.Subject{Channel: consent.Email, Sender: "", Address: "b"}.Hash(key, "acme"),
		consent.Subject{Channel: consent.Email, Sender: "", Address: "ab"}.Hash(key, "acme"),
		consent.Subject{Channel: consent.Email, Sender: "ab", Address: ""}.Hash(key, "acme"),
		consent.Subject{Channel: consent.Email, Sender: "1:b", Address: "a"}.Hash(key, "acme"),
	} {
		require.False(t, seen[h])
		seen[h] = true
	}
}

// Every spelling of an address has one hash.
func TestSpellingsHaveOneHash(t *testing.T) {
	t.Parallel()
	for _, spellings := range [][]consent.Subject{
		{{Channel: consent.Email, Address: "Ada@Example.com"}, {Channel: consent.Email, Address: " ada@EXAMPLE.com"}},
		{{Channel: consent.WhatsApp, Address: "551160000000"}, {Channel: consent.WhatsApp, Address: "+55 11 96000-0000"}},
		{{Channel: consent.SMS, Address: "+52 55 0000 0000"}, {Channel: consent.SMS, Address: "+5215500000000"}},
		{{Channel: consent.WhatsApp, Address: "541110000000"}, {Channel: consent.WhatsApp, Address: "5491110000000"}},
	} {
		var hashes []consent.Hash
		for _, s := range spellings {
			normal, err := s.Normalize()
			require.NoError(t, err)
			hashes = append(hashes, normal.Hash(key, "acme"))
		}
		require.Equal(t, hashes[0], hashes[1])
	}
}

func TestTokens(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		link := consent.Link{
			Workspace: rapid.StringMatching(`[a-zA-Z0-9._-]{1,64}`).Draw(t, "workspace"),
			Topic:     rapid.StringMatching(`[a-z0-9_-]{0,64}`).Draw(t, "topic"),
			Subject:   consent.Subject{Address: rapid.String().Draw(t, "address")}.Hash(key, "x"),
		}
		token := link.Token(key)
		require.Equal(t, token, strings.Trim(token, "\r\n= +/"))
		got, err := consent.ParseToken(token, other, key)
		require.NoError(t, err)
		require.Equal(t, link, got)
		_, err = consent.ParseToken(token, other)
		require.Equal(t, consent.ErrToken, err)

		raw, err := base64.RawURLEncoding.DecodeString(token)
		require.NoError(t, err)
		raw[rapid.IntRange(0, len(raw)-1).Draw(t, "byte")] ^= byte(1 << rapid.IntRange(0, 7).Draw(t, "bit"))
		_, err = consent.ParseToken(base64.RawURLEncoding.EncodeToString(raw), key)
		require.Equal(t, consent.ErrToken, err, "a changed bit")
	})
	for _, bad := range []string{
		"", "x", "====", strings.Repeat("A", 90), strings.Repeat("A", 2000), "AQ", consent.Link{}.Token(key) + "A", consent.Link{}.Token(key) + "\n",
	} {
		_, err := consent.ParseToken(bad, key)
		require.Equal(t, consent.ErrToken, err, "%q", bad)
	}
	_, err := consent.ParseToken(consent.Link{Workspace: "acme"}.Token(key))
	require.Equal(t, consent.ErrToken, err, "no key")
}

func TestHeaders(t *testing.T) {
	t.Parallel()
	got, err := consent.Headers("https://example.com/u?t=abc")
	require.NoError(t, err)
	require.Equal(t, []consent.Header{
		{Name: "List-Unsubscribe", Value: "<https://example.com/u?t=abc>"}, {Name: "List-Unsubscribe-Post", Value: "List-Unsubscribe=One-Click"},
	}, got)
	for link, reason := range map[string]string{
		"":                                        "absolute https",
		"http://example.com/u":                    "absolute https",
		"https:///u":                              "absolute https",
		"https://:443/u":                          "absolute https",
		"mailto:u@example.com":                    "absolute https",
		"/u":                                      "absolute https",
		"https://example.com/u\r\nBcc: x":         "plain ASCII",
		"https://example.com/u>, <https:":         "plain ASCII",
		"https://example.com/a,b":                 "plain ASCII",
		"https://example.com/%zz":                 "plain ASCII",
		"https://example.com/é":                   "plain ASCII",
		"https://a:b@example.com/":                "user",
		"https://example.com/#a":                  "fragment",
		"https://example.com/#":                   "fragment",
		"https://e.c/" + strings.Repeat("x", 900): "longer than 900",
	} {
		out, err := consent.Headers(link)
		refused(t, err, "link", reason, link)
		require.Nil(t, out)
	}
}
