package intake_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
)

func TestVariants(t *testing.T) {
	t.Parallel()
	for waID, want := range map[string][]string{
		"5511960000000":  {"551160000000"},
		"551160000000":   {"5511960000000"},
		"551190000000":   {"5511990000000"},
		"551130000000":   nil, // a landline: no ninth digit was ever put before it
		"5511930000000":  nil, // without its 9 it would be a landline of another person
		"5511860000000":  nil, // thirteen digits, but the ninth is no 9
		"5501960000000":  nil, // no such area
		"5510960000000":  nil,
		"5215500000000":  {"525500000000"},
		"525500000000":   {"5215500000000"},
		"521550000000":   nil, // twelve digits that start like a mobile number
		"520550000000":   nil,
		"5491100000000":  {"541100000000"},
		"541100000000":   {"5491100000000"},
		"549110000000":   nil,
		"548000000000":   nil, // a free number
		"447700900123":   nil,
		"12025550123":    nil,
		"55119600000001": nil,
		"":               nil,
		"55":             nil,
		"+5511960000000": nil,
		"US.55119600000": nil,
		"５５１１９６０００００００": nil,
	} {
		require.Equal(t, want, intake.Variants(waID), waID)
	}
}

// A variant of a variant is where one began, so that both spellings find each other.
func TestVariantsAreMutual(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(*seed, 0))
	found := 0
	for range 20_000 {
		country := []string{"55", "52", "54", "1", "44"}[r.IntN(5)]
		waID := country + fmt.Sprint(r.Int64N(1e11))
		for _, variant := range intake.Variants(waID) {
			found++
			require.NotEqual(t, waID, variant, "seed %d", *seed)
			require.Equal(t, []string{waID}, intake.Variants(variant), "seed %d", *seed)
		}
	}
	require.Greater(t, found, 1_000, "seed %d", *seed)
}
