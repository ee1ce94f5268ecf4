package consent_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor/consent"
)

func report(n int, origin consent.Origin, state consent.HealthState) consent.HealthReport {
	return consent.HealthReport{Subject: ada, State: state, Origin: origin, At: day(n)}
}

// Rule 6: which origin ends which state.
func TestHealthIsLifted(t *testing.T) {
	t.Parallel()
	for state, lifts := range map[consent.HealthState][]consent.Origin{
		consent.Complaint:  {consent.Operator},
		consent.HardBounce: {consent.Operator},
		consent.Blocked:    {consent.Platform, consent.Person},
		consent.Invalid:    {consent.Platform, consent.Person, consent.Operator},
		consent.SoftBounce: {consent.Platform, consent.Person, consent.Operator},
	} {
		for _, origin := range []consent.Origin{consent.Person, consent.Platform, consent.Operator, consent.Import} {
			want := state
			for _, o := range lifts {
				if o == origin {
					want = consent.Healthy
				}
			}
			reports := []consent.HealthReport{report(2, origin, consent.Healthy), report(1, consent.Platform, state)}
			got := consent.FoldHealth(reports)
			require.Len(t, got, 1)
			require.Equal(t, want, got[0].Report.State, "%s, ok of %s", state, origin)
			early := []consent.HealthReport{report(1, origin, consent.Healthy), report(2, consent.Platform, state)}
			require.Equal(t, state, consent.FoldHealth(early)[0].Report.State, "an older report of %s lifts %s", origin, state)
		}
	}
}

func TestFoldHealth(t *testing.T) {
	t.Parallel()
	const platform, operator, person = consent.Platform, consent.Operator, consent.Person
	for name, c := range map[string]struct {
		reports []consent.HealthReport
		want    consent.HealthState
		since   int
		soft    int
	}{
		"soft bounces are counted":    {[]consent.HealthReport{report(1, platform, consent.SoftBounce), report(2, platform, consent.SoftBounce)}, consent.SoftBounce, 1, 2},
		"until a message arrives":     {[]consent.HealthReport{report(1, platform, consent.SoftBounce), report(2, platform, consent.Healthy), report(3, platform, consent.SoftBounce)}, consent.SoftBounce, 3, 1},
		"the worst state is shown":    {[]consent.HealthReport{report(1, platform, consent.Blocked), report(2, platform, consent.HardBounce)}, consent.Blocked, 1, 0},
		"under it the other stands":   {[]consent.HealthReport{report(1, platform, consent.Blocked), report(2, platform, consent.HardBounce), report(3, person, consent.Healthy)}, consent.HardBounce, 2, 0},
		"an operator leaves a block":  {[]consent.HealthReport{report(1, platform, consent.Blocked), report(2, platform, consent.Complaint), report(3, operator, consent.Healthy)}, consent.Blocked, 1, 0},
		"since the first report":      {[]consent.HealthReport{report(1, platform, consent.HardBounce), report(4, platform, consent.HardBounce)}, consent.HardBounce, 1, 0},
		"since the last time":         {[]consent.HealthReport{report(1, platform, consent.HardBounce), report(2, operator, consent.Healthy), report(4, platform, consent.HardBounce)}, consent.HardBounce, 4, 0},
		"healthy since the first":     {[]consent.HealthReport{report(1, platform, consent.Healthy), report(2, platform, consent.Healthy)}, consent.Healthy, 1, 0},
		"healthy since it was not":    {[]consent.HealthReport{report(1, platform, consent.Healthy), report(2, platform, consent.SoftBounce), report(3, platform, consent.Healthy)}, consent.Healthy, 3, 0},
		"at the same time the worse":  {[]consent.HealthReport{report(1, platform, consent.Healthy), report(1, platform, consent.Blocked)}, consent.Blocked, 1, 0},
		"at the same time the person": {[]consent.HealthReport{report(1, person, consent.Healthy), report(1, platform, consent.Blocked)}, consent.Healthy, 1, 0},
	} {
		for range 4 {
			rand.Shuffle(len(c.reports), func(i, j int) { c.reports[i], c.reports[j] = c.reports[j], c.reports[i] })
			got := consent.FoldHealth(append(c.reports, c.reports[0]))
			require.Len(t, got, 1, name)
			require.Equal(t, c.want, got[0].Report.State, name)
			require.Equal(t, day(c.since), got[0].Since, name)
			require.Equal(t, c.soft, got[0].SoftBounces, name)
		}
	}
	require.Empty(t, consent.FoldHealth([]consent.HealthReport{report(1, platform, "strange")}))
}

// reportsOfDays generates reports about one of two addresses.
func reportsOfDays() *rapid.Generator[consent.HealthReport] {
	return rapid.Custom(func(t *rapid.T) consent.HealthReport {
		return consent.HealthReport{
			Subject: consent.Subject{Channel: consent.Email, Address: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "address")},
			State: rapid.SampledFrom([]consent.HealthState{
				consent.Healthy, consent.SoftBounce, consent.HardBounce, consent.Complaint, consent.Blocked, consent.Invalid,
			}).Draw(t, "state"),
			Origin: rapid.SampledFrom([]consent.Origin{consent.Person, consent.Platform, consent.Operator, consent.Import}).Draw(t, "origin"),
			At:     day(rapid.IntRange(1, 6).Draw(t, "at")),
			Code:   rapid.SampledFrom([]string{"", "550"}).Draw(t, "code"),
		}
	})
}

func TestFoldHealthIgnoresOrderAndDuplicates(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		reports := rapid.SliceOfN(reportsOfDays(), 0, 12).Draw(t, "reports")
		want := consent.FoldHealth(reports)
		mixed := rapid.Permutation(append(append([]consent.HealthReport{}, reports...), reports...)).Draw(t, "mixed")
		require.Equal(t, want, consent.FoldHealth(mixed))
	})
}

func TestNormalizeHealthReport(t *testing.T) {
	t.Parallel()
	now := day(9)
	got, err := consent.HealthReport{
		Subject: consent.Subject{Channel: consent.Email, Address: " Ada@Example.com"}, State: consent.HardBounce, Code: "550",
	}.Normalize(now)
	require.NoError(t, err)
	require.Equal(t, consent.HealthReport{Subject: ada, State: consent.HardBounce, Origin: consent.Platform, At: now, Code: "550"}, got)
	again, err := got.Normalize(now.Add(time.Hour))
	require.NoError(t, err)
	require.Equal(t, got, again)

	for name, c := range map[string]struct {
		change func(*consent.HealthReport)
		field  string
		reason string
	}{
		"address":              {func(r *consent.HealthReport) { r.Subject.Address = "ada" }, "address", "no @"},
		"no state":             {func(r *consent.HealthReport) { r.State = "" }, "state", "missing"},
		"state":                {func(r *consent.HealthReport) { r.State = "ill" }, "state", "unknown"},
		"origin":               {func(r *consent.HealthReport) { r.Origin = "x" }, "origin", "unknown"},
		"future":               {func(r *consent.HealthReport) { r.At = now.Add(time.Hour) }, "at", "in the future"},
		"past":                 {func(r *consent.HealthReport) { r.At = time.Unix(0, 0) }, "at", "1970"},
		"code":                 {func(r *consent.HealthReport) { r.Code = "a\x00" }, "code", "NUL"},
		"actor":                {func(r *consent.HealthReport) { r.Actor = "a\x01" }, "actor", "control"},
		"cause":                {func(r *consent.HealthReport) { r.Cause = "a\x01" }, "cause", "control"},
		"lifted with no cause": {func(r *consent.HealthReport) { r.State, r.Origin = consent.Healthy, consent.Operator }, "cause", "reason"},
		"lifted by an import":  {func(r *consent.HealthReport) { r.State, r.Origin = consent.Healthy, consent.Import }, "state", "import"},
		"an operator's block":  {func(r *consent.HealthReport) { r.State, r.Origin = consent.Blocked, consent.Operator }, "state", "denial"},
	} {
		r := got
		c.change(&r)
		out, err := r.Normalize(now)
		refused(t, err, c.field, c.reason, name)
		require.Zero(t, out, name)
	}
}

func TestHealthOfThePlatform(t *testing.T) {
	t.Parallel()
	blocked := consent.FoldHealth([]consent.HealthReport{report(1, consent.Platform, consent.Blocked)})[0]
	bounced := consent.FoldHealth([]consent.HealthReport{report(1, consent.Platform, consent.HardBounce)})[0]
	lift := report(2, consent.Operator, consent.Healthy)
	require.ErrorIs(t, lift.CheckApplication(blocked), consent.ErrPlatformOwned)
	require.NoError(t, lift.CheckApplication(bounced))
	require.NoError(t, lift.CheckApplication(consent.Health{}))
	require.NoError(t, report(2, consent.Person, consent.Healthy).CheckApplication(blocked))
	require.NoError(t, report(2, consent.Operator, consent.HardBounce).CheckApplication(blocked))
}

// refused checks that err is a *text.FieldError for the field with that in its reason.
func refused(t *testing.T, err error, field, reason string, name ...any) {
	t.Helper()
	var f *text.FieldError
	require.ErrorAs(t, err, &f, name...)
	require.Equal(t, field, f.Field, name...)
	require.Contains(t, f.Reason, reason, name...)
	require.ErrorIs(t, err, text.ErrInvalid, name...)
}
