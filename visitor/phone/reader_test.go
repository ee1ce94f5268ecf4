package phone_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/phone"
)

func TestReader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ region, in, want string }{
		{"DE", "030 123456", "+4930123456"},
		{"DE", "(0151) 234-56789", "+4915123456789"},
		{"DE", "0049 30 123456", "+4930123456"},
		{"DE", "+1 415 555 2671", "+14155552671"},
		{"DE", "+49 (0)30 123456", "+4930123456"},
		{"de", "030/123456", "+4930123456"},
		{"US", "(415) 555-2671", "+14155552671"},
		{"US", "1-415-555-2671", "+14155552671"},
		{"US", "415.555.2671", "+14155552671"},
		{"US", "604 555 2671", "+16045552671"}, // in Canada, which shares the plan
		{"US", "011 44 20 7946 0958", "+442079460958"},
		{"BR", "(11) 96123-4567", "+5511961234567"},
		{"BR", "011 2345-6789", "+551123456789"},
		{"BR", "0 15 11 2345-6789", "+551123456789"}, // 15 chooses a carrier
		{"MX", "55 1234 5678", "+525512345678"},
		{"MX", "(33) 1234-5678", "+523312345678"},
		{"AR", "011 15-2345-6789", "+5491123456789"},
		{"AR", "011 4123-4567", "+541141234567"},
		{"GB", "020 7946 0958", "+442079460958"},
		{"GB", "07400 123456", "+447400123456"},
		{"IN", "098765 43210", "+919876543210"},
		{"IN", "98765-43210", "+919876543210"},
		{"IT", "06 1234 5678", "+390612345678"},
		{"JP", "０３－１２３４－５６７８", "+81312345678"},
		{"TH", "๐๘๑ ๒๓๔ ๕๖๗๘", "+66812345678"},
		{"EG", "٠١٠٠ ١٢٣ ٤٥٦٧", "+201001234567"},
		{"IR", "۰۹۱۲ ۳۴۵ ۶۷۸۹", "+989123456789"},
		{"IN", "९८७६५ ४३२१०", "+919876543210"},
		{"DE", "+๔๙ ๓๐ 123456", "+4930123456"},
	} {
		t.Run(c.region+" "+c.in, func(t *testing.T) {
			t.Parallel()
			read, err := phone.Reader(c.region)
			require.NoError(t, err)
			got, err := read(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
			again, err := read(got)
			require.NoError(t, err)
			require.Equal(t, got, again)
			if strings.Contains(c.in, "(0)") {
				return
			}
			got, err = visitor.Rules{Phone: read}.NormalizePhone(c.in)
			require.NoError(t, err)
			require.Equal(t, c.want, got)
		})
	}
}

func TestReaderRefuses(t *testing.T) {
	t.Parallel()
	const extension, letters = "has an extension: give the number alone", "letters"
	for _, c := range []struct{ region, in, reason string }{
		{"DE", "", "not a valid number in DE"},
		{"DE", "110", "not a valid number in DE"},
		{"DE", "030 1", "not a valid number in DE"},
		{"DE", "030 1234567890123", "not a valid number in DE"},
		{"DE", "+999 123456", "not a valid number in DE"},
		{"DE", "\x00\xff", "not a valid number in DE"},
		{"US", "911", "not a valid number in US"},
		{"US", "555-2671", "not a valid number in US"},
		{"US", "(123) 555-2671", "not a valid number in US"},
		{"BR", "96123-4567", "not a valid number in BR"},
		{"US", "1-800-FLOWERS", letters},
		{"US", "call 415 555 2671", letters},
		{"US", "415 555 2671 ext. 12", extension},
		{"US", "415 555 2671 x12", extension},
		{"US", "tel:+1-415-555-2671;ext=12", extension},
		{"DE", "030 123456 доб. 12", extension},
		{"US", strings.Repeat("1", 65), "longer than 64 characters"},
		{"US", strings.Repeat("0", 1<<20), "longer than 64 characters"},
		{"US", "tel:+1;phone-context=" + strings.Repeat("+", 10), letters},
	} {
		t.Run(c.region+" "+c.reason, func(t *testing.T) {
			t.Parallel()
			read, err := phone.Reader(c.region)
			require.NoError(t, err)
			got, err := read(c.in)
			var f *visitor.FieldError
			require.True(t, errors.As(err, &f), "%q gives %q, %v", c.in, got, err)
			require.Equal(t, visitor.FieldError{Field: "phone", Reason: c.reason}, *f)
			require.ErrorIs(t, err, visitor.ErrInvalid)
			require.Empty(t, got)
		})
	}
}

func TestReaderOfUnknownRegion(t *testing.T) {
	t.Parallel()
	for _, region := range []string{"", "D", "XX", "ZZ", "DEU", "Germany", "001", "+49", "de-DE", strings.Repeat("D", 1<<20)} {
		read, err := phone.Reader(region)
		require.ErrorIs(t, err, visitor.ErrInvalid, region)
		require.Equal(t, "region: not an ISO 3166 region with phone numbers, such as DE", err.Error())
		require.Nil(t, read)
	}
}

// Rules spell all digits in ASCII for the reader, and pass its reasons on.
func TestReaderUnderRules(t *testing.T) {
	t.Parallel()
	india, err := phone.Reader("IN")
	require.NoError(t, err)
	got, err := visitor.Rules{Phone: india}.NormalizePhone("९८७६५ ४३२१०")
	require.NoError(t, err)
	require.Equal(t, "+919876543210", got)

	read, err := phone.Reader("DE")
	require.NoError(t, err)
	_, err = visitor.Rules{Phone: read}.NormalizePhone("030 1")
	require.EqualError(t, err, "phone: not a valid number in DE")
}

func FuzzReader(f *testing.F) {
	for _, s := range []string{"030 123456", "+49 (0)30 123456", "tel:+1-415-555-2671;ext=12", "1-800-FLOWERS", "tel:;phone-context=+", "٠٣٠١٢٣٤٥٦", "\xff"} {
		f.Add(s)
	}
	read, err := phone.Reader("DE")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, s string) {
		number, err := read(s)
		if err != nil {
			if !errors.Is(err, visitor.ErrInvalid) || number != "" {
				t.Fatalf("%+q gives %+q and the error %v", s, number, err)
			}
			return
		}
		if again, err := visitor.NormalizePhone(number); err != nil || again != number {
			t.Fatalf("%+q gives %+q, which gives %+q, %v", s, number, again, err)
		}
	})
}

// Beside the way that needs no numbering plan, which is the baseline.
func BenchmarkReader(b *testing.B) {
	read, err := phone.Reader("DE")
	if err != nil {
		b.Fatal(err)
	}
	for name, normalize := range map[string]func(string) (string, error){"reader": read, "baseline": visitor.NormalizePhone} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := normalize("+49 30 123456"); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func ExampleReader() {
	read, err := phone.Reader("DE")
	if err != nil {
		fmt.Println(err)
		return
	}
	rules := visitor.Rules{Phone: read}
	fmt.Println(rules.NormalizePhone("030 123456"))
	fmt.Println(rules.NormalizePhone("+1 415 555 2671"))
	// Output:
	// +4930123456 <nil>
	// +14155552671 <nil>
}
