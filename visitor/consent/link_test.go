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
	require.Equal(t, "de36f1ac140c4540d879902264c444aebe1a46f9f0ec6c7a2b48d1046e6ce0a4", ada.Hash(key).String())
	require.Equal(t, "AWFjbWUAD_z7bMvowoq3phAMCAydnaQMMHYP0xZA2uJDL8BOcxt3uta-YcmJANZ9ZDLgCT0hs-0s4bzj9-XxGuUxtTAQjIeWy5-VRt6VA0iuzQORp_0fGavzMqWIkTX5aTr1CHIvQujt6wyu", consent.Link{Workspace: "acme", Subject: ada, Topic: "news"}.Token(key))
	require.Equal(t, "c343e08cb6c7a6f0", consent.KeyID(key))
	require.NotEqual(t, consent.KeyID(key), consent.KeyID(other))
	require.Equal(t, "a1c50c6f779ec343739e4b047c81ba607cf1a523625f78e854573ffa6515e0e6", hex.EncodeToString(consent.WorkspaceKey(key, "acme")))
	require.NotEqual(t, consent.WorkspaceKey(key, "acme"), consent.WorkspaceKey(key, "acm"))
	require.NoError(t, consent.CheckKey(key))
	refused(t, consent.CheckKey(key[:15]), "suppression_key", "shorter than 16")
}

func TestHashDiffers(t *testing.T) {
	t.Parallel()
	subject := consent.Subject{Channel: consent.Email, Sender: "a", Address: "b"}
	require.Equal(t, subject.Hash(key), consent.Subject{Channel: consent.Email, Address: "b"}.Hash(key), "of every sender")
	seen := map[consent.Hash]bool{}
	for _, h := range []consent.Hash{
		subject.Hash(key), subject.Hash(other),
		consent.Subject{Channel: consent.SMS, Address: "b"}.Hash(key),
		consent.Subject{Channel: consent.Email, Address: "ab"}.Hash(key),
		consent.Subject{Channel: consent.Email, Address: "1:b"}.Hash(key),
	} {
		require.False(t, seen[h])
		seen[h] = true
	}
}

func TestHashText(t *testing.T) {
	t.Parallel()
	hash := ada.Hash(key)
	var read consent.Hash
	require.NoError(t, read.UnmarshalText([]byte(hash.String())))
	require.Equal(t, hash, read)
	for _, bad := range []string{"", "00", hash.String() + "00", "zz" + hash.String()[2:]} {
		refused(t, read.UnmarshalText([]byte(bad)), "hash", "64 hexadecimal digits")
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
			hashes = append(hashes, normal.Hash(key))
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
			Subject: consent.Subject{
				Channel: consent.Telegram, Sender: rapid.StringN(0, 20, 100).Draw(t, "sender"), Address: rapid.StringN(1, 20, 100).Draw(t, "address"),
			},
		}
		token := link.Token(key)
		require.Equal(t, token, strings.Trim(token, "\r\n= +/"))
		got, err := consent.ParseToken(token, other, key)
		require.NoError(t, err)
		require.Equal(t, link, got)
		workspace, err := consent.TokenWorkspace(token)
		require.NoError(t, err)
		require.Equal(t, link.Workspace, workspace)
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
	token := consent.Link{Workspace: "acme", Subject: ada}.Token(key)
	_, err := consent.ParseToken(token)
	require.Equal(t, consent.ErrToken, err, "no key")
	raw, err := base64.RawURLEncoding.DecodeString(token)
	require.NoError(t, err)
	require.NotContains(t, string(raw), ada.Address)
	_, err = consent.ParseToken(base64.RawURLEncoding.EncodeToString(raw[:8]), key)
	require.Equal(t, consent.ErrToken, err, "shorter than a nonce")
	_, err = consent.TokenWorkspace("guess")
	require.Equal(t, consent.ErrToken, err)
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
