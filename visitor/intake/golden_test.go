package intake_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
	"github.com/contactpipeline/visitors/visitor/intake/intaketest"
)

var update = flag.Bool("update", false, "write the golden files anew")

func clock() time.Time { return intaketest.Clock() }

var channels = intaketest.Channels()

func contentType(value string) intake.Header {
	return intaketest.Delivery{ContentType: value}.Header
}

// shown is what a golden file holds.
func shown(t testing.TB, batch intake.Batch, err error) []byte {
	t.Helper()
	type event struct {
		intake.Event
		Error string `json:"error,omitempty"`
	}
	out := struct {
		Events []event `json:"events,omitempty"`
		Error  string  `json:"error,omitempty"`
	}{}
	for _, e := range batch.Events {
		one := event{Event: e}
		if e.Err != nil {
			one.Error = e.Err.Error()
		}
		out.Events = append(out.Events, one)
	}
	if err != nil {
		out.Error = err.Error()
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	require.NoError(t, enc.Encode(out))
	return b.Bytes()
}

func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		require.NoError(t, os.WriteFile(path, got, 0o644))
	}
	want, err := os.ReadFile(path)
	require.NoError(t, err, "run the test with -update to write it")
	require.Equal(t, string(want), string(got))
}

func goldenOf(d intaketest.Delivery) string {
	return filepath.Join("intaketest", strings.TrimSuffix(d.Path, filepath.Ext(d.Path))+".golden")
}

// Each file of testdata is a rule of a channel; the golden file beside it is what becomes
// of it.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, d := range intaketest.Deliveries() {
		t.Run(d.Folder+"/"+d.Rule, func(t *testing.T) {
			t.Parallel()
			batch, err := d.Channel.Parse(d.Header, d.Body)
			golden(t, goldenOf(d), shown(t, batch, err))
			require.NoError(t, sound(batch, err))
		})
	}
}

// A golden file whose delivery is gone would prove nothing.
func TestNoStrayGoldens(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, d := range intaketest.Deliveries() {
		name := goldenOf(d)
		require.False(t, known[name], "two deliveries for %s", name)
		known[name] = true
	}
	goldens, err := filepath.Glob("intaketest/testdata/*/*.golden")
	require.NoError(t, err)
	for _, path := range goldens {
		require.True(t, known[path], path)
	}
}
