package phone

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/nyaruka/phonenumbers"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// MaxInput is the maximum length of a number in characters. A longer one is refused.
const MaxInput = 64

// Reader returns a function that parses the national numbers of a region and international
// numbers, in digits of any script, and returns them in E.164 form. The region is an ISO 3166-1
// alpha-2 code such as "DE", in either case; for an unknown one Reader returns a
// *visitor.FieldError.
//
// The function returns a *visitor.FieldError for a number that is not valid in the numbering
// plan of its country, an extension, letters, and more than MaxInput characters. It is safe for
// concurrent use.
func Reader(region string) (visitor.PhoneFunc, error) {
	region = strings.ToUpper(strings.TrimSpace(region))
	if len(region) != 2 || !phonenumbers.GetSupportedRegions()[region] {
		return nil, text.Refuse("region", "not an ISO 3166 region with phone numbers, such as DE")
	}
	return func(raw string) (string, error) { return read(raw, region) }, nil
}

func read(raw, region string) (string, error) {
	if len(raw) > MaxInput*utf8.UTFMax || utf8.RuneCountInString(raw) > MaxInput {
		return "", text.Refuse("phone", fmt.Sprintf("longer than %d characters", MaxInput))
	}
	raw = strings.Map(func(r rune) rune {
		if digit, ok := text.Digit(r); ok {
			return '0' + digit
		}
		return r
	}, raw)
	number, err := phonenumbers.Parse(raw, region)
	if err == nil && number.GetExtension() != "" {
		return "", text.Refuse("phone", "has an extension: give the number alone")
	}
	if strings.ContainsFunc(strings.TrimPrefix(raw, "tel:"), unicode.IsLetter) {
		return "", text.Refuse("phone", "letters")
	}
	if err != nil || !phonenumbers.IsValidNumber(number) {
		return "", text.Refuse("phone", "not a valid number in "+region)
	}
	e164 := phonenumbers.Format(number, phonenumbers.E164)
	if checked, err := visitor.NormalizePhone(e164); err != nil || checked != e164 {
		return "", text.Refuse("phone", "not a valid number in "+region) // some plans have longer numbers than E.164
	}
	return e164, nil
}
