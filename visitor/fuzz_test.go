package visitor_test

import (
	"errors"
	"regexp"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/contactpipeline/visitors/visitor"
)

// settled checks what every normaliser promises: its result has no invalid characters, and
// normalizing the result again does not change it; the error is a *FieldError.
func settled(t *testing.T, field, s string, normalize func(string) (string, error)) (out string, ok bool) {
	t.Helper()
	out, err := normalize(s)
	if err != nil {
		var f *visitor.FieldError
		if !errors.As(err, &f) || f.Field != field || f.Reason == "" || out != "" {
			t.Fatalf("%+q gives %+q and the error %v", s, out, err)
		}
		return "", false
	}
	if again, err := normalize(out); err != nil || again != out {
		t.Fatalf("%+q gives %+q, which gives %+q, %v", s, out, again, err)
	}
	if !utf8.ValidString(out) || !norm.NFC.IsNormalString(out) || strings.ContainsFunc(out, unicode.IsControl) || strings.TrimSpace(out) != out {
		t.Fatalf("%+q gives %+q", s, out)
	}
	return out, true
}

func FuzzName(f *testing.F) {
	for _, s := range []string{"Ada", " Ada\u00a0\u200b L ", "Rene\u0301e", "👩\u200d🔬", "\u202eAda", "\u0301", "\u3164", "A\x00\xff", strings.Repeat("z\u0301\u0335", 120)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		name, ok := settled(t, "name", s, visitor.NormalizeName)
		if n := utf8.RuneCountInString(name); ok && (n < 1 || n > visitor.MaxName) {
			t.Fatalf("%+q gives %d characters", s, n)
		}
	})
}

func FuzzEmail(f *testing.F) {
	for _, s := range []string{
		"ada@example.com", " Ada+x@EXAMPLE.co.uk\u00a0", "用户@例え.テスト", "a@İ.co", "John <a@b.co>", `"a b"@x.co`, "a@[127.0.0.1]",
		"a@b.co\r\nBcc: x", "a@-x.co", "a@b.123", "a..b@x.co", "a@bu\u0308cher.example", "=?utf-8?q?a?=@b.co", "(x)a@b.co", "a\xff@b.co",
	} {
		f.Add(s)
	}
	domain := regexp.MustCompile(`^[^@.\s]+(\.[^@.\s]+)+$`)
	f.Fuzz(func(t *testing.T, s string) {
		address, ok := settled(t, "email", s, visitor.NormalizeEmail)
		if !ok || address == "" {
			return
		}
		local, host, _ := strings.Cut(address, "@")
		if len(address) > visitor.MaxEmail || local == "" || len(local) > 64 || strings.ToLower(host) != host || !domain.MatchString(host) ||
			strings.ContainsAny(address, "<>()[]\", ;:\\") {
			t.Fatalf("%+q gives %+q", s, address)
		}
	})
}

func FuzzPhone(f *testing.F) {
	for _, s := range []string{
		"+49 30 123456", "tel:+1-415-555-2671;ext=12", "+1 (415) 555–2671", "＋８１（３）１２３４－５６７８", "+٩٧١٥٠١٢٣٤٥٦٧", "+44 (0)20 7946 0958",
		"+1-800-FLOWERS", "+1 415 555 2671 x12", "030 123456", "\u202a+4930123456\u202c", "++49", "+4\xff9", "+𝟒𝟗𝟛𝟘𝟭𝟮𝟯𝟰𝟱𝟲",
	} {
		f.Add(s)
	}
	e164 := regexp.MustCompile(`^\+[1-9][0-9]{6,14}$`)
	f.Fuzz(func(t *testing.T, s string) {
		number, ok := settled(t, "phone", s, visitor.NormalizePhone)
		if ok && number != "" && !e164.MatchString(number) {
			t.Fatalf("%+q gives %+q", s, number)
		}
		asked := regexp.MustCompile(`^[0-9 .()/-]{1,64}$`)
		rules := visitor.Rules{Phone: func(raw string) (string, error) {
			if !asked.MatchString(raw) {
				t.Fatalf("%+q asks for %+q", s, raw)
			}
			return "+4930123456", nil
		}}
		settled(t, "phone", s, rules.NormalizePhone)
	})
}
