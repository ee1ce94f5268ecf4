package address_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/address"
)

var seed = flag.Uint64("address.seed", uint64(time.Now().UnixNano()), "seed of the random tests")

func TestOtherSpelling(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]string{
		"5511960000000":  "551160000000",
		"551160000000":   "5511960000000",
		"551190000000":   "5511990000000",
		"551130000000":   "", // a landline: no ninth digit was ever put before it
		"5511930000000":  "", // without its 9 it would be a landline of another person
		"5511860000000":  "", // thirteen digits, but the ninth is no 9
		"5501960000000":  "", // no such area
		"5510960000000":  "",
		"5215500000000":  "525500000000",
		"525500000000":   "5215500000000",
		"521550000000":   "", // twelve digits that start like a mobile number
		"520550000000":   "",
		"5491100000000":  "541100000000",
		"541100000000":   "5491100000000",
		"549110000000":   "",
		"548000000000":   "", // a free number
		"447700900123":   "",
		"12025550123":    "",
		"55119600000001": "",
		"":               "",
		"55":             "",
		"+5511960000000": "",
		"US.55119600000": "",
		"５５１１９６０００００００": "",
	} {
		require.Equal(t, want, address.OtherSpelling(digits), digits)
	}
}

// The other spelling of the other spelling is the first, and both have one spelling in common.
func TestOtherSpellingIsMutual(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(*seed, 0))
	found := 0
	for range 20_000 {
		country := []string{"55", "52", "54", "1", "44"}[r.IntN(5)]
		digits := country + fmt.Sprint(r.Int64N(1e11))
		one := address.OneSpelling(digits)
		require.Equal(t, one, address.OneSpelling(one), "seed %d", *seed)
		other := address.OtherSpelling(digits)
		if other == "" {
			require.Equal(t, digits, one, "seed %d", *seed)
			continue
		}
		found++
		require.NotEqual(t, digits, other, "seed %d", *seed)
		require.Equal(t, digits, address.OtherSpelling(other), "seed %d", *seed)
		require.Equal(t, one, address.OneSpelling(other), "seed %d", *seed)
		require.Contains(t, []string{digits, other}, one, "seed %d", *seed)
	}
	require.Greater(t, found, 1_000, "seed %d", *seed)
}

func TestOneSpelling(t *testing.T) {
	t.Parallel()
	for digits, want := range map[string]string{
		"551160000000": "5511960000000", "5511960000000": "5511960000000", "551130000000": "551130000000",
		"5215500000000": "525500000000", "525500000000": "525500000000",
		"541100000000": "5491100000000", "5491100000000": "5491100000000",
		"12025550123": "12025550123", "": "",
	} {
		require.Equal(t, want, address.OneSpelling(digits), digits)
	}
}
