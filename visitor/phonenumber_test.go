package visitor_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

func TestNormalizePhone(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ in, want string }{
		"none":                 {"", ""},
		"blank":                {" \u00a0\u200b", ""},
		"E.164":                {"+4930123456", "+4930123456"},
		"trimmed":              {"\u00a0\t+4930123456\n\u200b", "+4930123456"},
		"spaces":               {"+49 30 12 34 56", "+4930123456"},
		"NBSP and thin spaces": {"+49\u00a030\u2009123\u202f456", "+4930123456"},
		"hyphens":              {"+1-415-555-2671", "+14155552671"},
		"dots":                 {"+33.1.42.68.53.00", "+33142685300"},
		"brackets":             {"+1 (415) 555-2671", "+14155552671"},
		"slash":                {"+49 30/123456", "+4930123456"},
		"dashes":               {"+1‐415‑555‒26–7—1", "+14155552671"},
		"minus and long vowel": {"+81−3ー1234ー5678", "+81312345678"},
		"bracket first":        {"(+49) 30 123456", "+4930123456"},
		"space after +":        {"+ 49 30 123456", "+4930123456"},
		"tel":                  {"tel:+49-30-123456", "+4930123456"},
		"TEL":                  {"TEL: +49-30-123456", "+4930123456"},
		"full width":           {"＋８１（３）１２３４－５６７８", "+81312345678"},
		"full width tel":       {"ｔｅｌ：＋８１３１２３４５６７８", "+81312345678"},
		"small plus":           {"﹢4930123456", "+4930123456"},
		"Arabic-Indic":         {"+٩٧١٥٠١٢٣٤٥٦٧", "+971501234567"},
		"Persian":              {"+۹۸۲۱۱۲۳۴۵۶۷", "+98211234567"},
		"Devanagari":           {"+९१९८७६५४३२१०", "+919876543210"},
		"mathematical":         {"+𝟒𝟗𝟛𝟘𝟭𝟮𝟯𝟰𝟱𝟲", "+4930123456"},
		"copied from contacts": {"\u202a+49 30 123456\u202c", "+4930123456"},
		"mark inside":          {"+49\u200e30\u200b123456", "+4930123456"},
		"7 digits":             {"+1234567", "+1234567"},
		"15 digits":            {"+123456789012345", "+123456789012345"},
		"zero in brackets":     {"+39 (06) 123456", "+3906123456"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.NormalizePhone(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			again, err := visitor.NormalizePhone(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
		})
	}
}

func TestNormalizePhoneRefuses(t *testing.T) {
	t.Parallel()
	const (
		national  = "national number: give it with + and country code, or set a region"
		extension = "has an extension: give the number alone"
		letters   = "letters"
		trunk     = "(0) is dialled only inside the country: leave it out"
		other     = "a character that no phone number has"
	)
	for name, c := range map[string]struct{ in, reason string }{
		"national":              {"030 123456", national},
		"international prefix":  {"0049 30 123456", national},
		"national with tel":     {"tel:030123456", national},
		"short":                 {"911", national},
		"trunk prefix":          {"+44 (0)20 7946 0958", trunk},
		"spaced trunk prefix":   {"+44 ( 0 ) 20 7946 0958", trunk},
		"full-width trunk":      {"＋44（０）20 7946 0958", trunk},
		"vanity":                {"+1-800-FLOWERS", letters},
		"vanity with x":         {"+1 800 XEROX99", letters},
		"words":                 {"call me", letters},
		"words after":           {"+4930123456 mobile", letters},
		"Cyrillic words":        {"+7 495 1234567 дом", letters},
		"x":                     {"+1 415 555 2671 x12", extension},
		"X.":                    {"+1 415 555 2671 X. 12", extension},
		"xx":                    {"+14155552671xx12", extension},
		"ext":                   {"+1 415 555 2671 ext. 12", extension},
		"Extension":             {"+1 415 555 2671 Extension 12", extension},
		";ext=":                 {"tel:+1-415-555-2671;ext=12", extension},
		"#":                     {"+1 415 555 2671 #12", extension},
		"comma":                 {"+14155552671,,12", extension},
		"доб":                   {"+7 495 123-45-67 доб. 12", extension},
		"national extension":    {"030 123456 ext 7", extension},
		"phone context":         {"tel:2671;phone-context=+1", other},
		"star":                  {"*100#", other},
		"two numbers":           {"+4930123456 +4930123457", "a + that is not at the start"},
		"two plus":              {"++4930123456", "a + that is not at the start"},
		"plus at the end":       {"4930123456+", "a + that is not at the start"},
		"plus alone":            {"+", "no digits"},
		"separators":            {"(--)", "no digits"},
		"6 digits":              {"+123456", "fewer than 7 digits"},
		"16 digits":             {"+1234567890123456", "more than 15 digits"},
		"zero":                  {"+0301234567", "no country code starts with 0"},
		"superscript":           {"+49³0123456", other},
		"emoji digits":          {"+4️⃣930123456", other},
		"NUL":                   {"+4930\x00123456", "control character"},
		"control":               {"+4930\x1b123456", "control character"},
		"invalid UTF-8":         {"+4930\xff123456", "not valid UTF-8"},
		"SQL":                   {"'; drop table visitors; --", other},
		"65 characters":         {"+1" + strings.Repeat("-", 63), "longer than 64 characters"},
		"a megabyte":            {"+" + strings.Repeat("1", 1<<20), "longer than 64 characters"},
		"a megabyte of letters": {strings.Repeat("x", 1<<20), "longer than 64 characters"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := visitor.NormalizePhone(c.in)
			refused(t, err, "phone", c.reason)
			secret(t, err, c.in)
			require.Empty(t, got)
		})
	}
}

func TestNormalizePhoneWithReader(t *testing.T) {
	t.Parallel()
	reads := func(answer string, err error) visitor.Rules {
		return visitor.Rules{Phone: func(string) (string, error) { return answer, err }}
	}
	got, err := reads("+4930123456", nil).NormalizePhone("030 123456")
	require.NoError(t, err)
	require.Equal(t, "+4930123456", got)

	var asked string
	rules := visitor.Rules{Phone: func(raw string) (string, error) { asked = raw; return "+4930123456", nil }}
	_, err = rules.NormalizePhone("\u00a0tel:（٠30）－12\u200b3456 ")
	require.NoError(t, err)
	require.Equal(t, "(030)-123456", asked)

	got, err = reads("", errors.New("asked for a + number")).NormalizePhone("+4930123456")
	require.NoError(t, err)
	require.Equal(t, "+4930123456", got)

	for _, s := range []string{"call me", "030 123456 ext 7", "-", "030\x00123456", strings.Repeat("1", 65)} {
		_, err = reads("+4930123456", nil).NormalizePhone(s)
		require.ErrorIs(t, err, visitor.ErrInvalid, s)
	}

	const raw = "030 123456"
	_, err = reads("", fmt.Errorf("read: %w", text.Refuse("number", "not a valid number in DE"))).NormalizePhone(raw)
	refused(t, err, "phone", "not a valid number in DE")
	_, err = reads("", fmt.Errorf("cannot read %s", raw)).NormalizePhone(raw)
	refused(t, err, "phone", "not a number that can be read")
	for _, bad := range []string{"", "+", "4930123456", "+49 30 123456", "+030123456", "+123456", "+1234567890123456", "+49３0123456"} {
		_, err = reads(bad, nil).NormalizePhone(raw)
		refused(t, err, "phone", "was not read as + and 7 to 15 digits")
		secret(t, err, raw)
	}
}
