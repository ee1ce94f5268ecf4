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
)

var update = flag.Bool("update", false, "write the golden files anew")

func clock() time.Time { return time.Unix(1_760_000_000, 0) }

// channels are the settings under which the deliveries of testdata are read, by folder.
var channels = map[string]intake.Channel{
	"whatsapp":            intake.WhatsApp{},
	"whatsapp-standby":    intake.WhatsApp{Standby: true},
	"messenger":           intake.Messenger{},
	"messenger-standby":   intake.Messenger{Standby: true},
	"messenger-referrals": intake.Messenger{Referrals: true},
	"instagram":           intake.Instagram{},
	"instagram-comments":  intake.Instagram{Comments: true},
	"instagram-standby":   intake.Instagram{Standby: true},
	"instagram-referrals": intake.Instagram{Referrals: true},
	"telegram":            intake.Telegram{Bot: "shop_bot"},
	"telegram-nobot":      intake.Telegram{},
	"chat":                intake.Chat{Secrets: []string{"chat-secret", "old-secret"}, Account: "shop", Now: clock},
	"chat-required":       intake.Chat{Secrets: []string{"chat-secret"}, Account: "shop", Now: clock, RequireIdentity: true},
	"chat-noclock":        intake.Chat{Secrets: []string{"chat-secret"}, Account: "shop"},
	"form":                intake.Form{Account: "contact-us"},
	"form-by-email":       intake.Form{Account: "contact-us", ByEmail: true},
	"form-guarded": intake.Form{
		Source: "form", Account: "offer", Tags: []string{"offer"},
		Fields: map[string]string{
			"your-name": "name", "your-email": "email", "interest": "attributes.interest",
			"budget": "attributes.budget", "newsletter": "attributes.newsletter",
		},
		Consent: "agree", Trap: "website", Shown: "shown", MinFill: 3 * time.Second, Now: clock,
	},
}

// contentTypes are those of the deliveries, by the ending of the file.
var contentTypes = map[string]string{
	".json":      "application/json",
	".form":      "application/x-www-form-urlencoded",
	".multipart": "multipart/form-data; boundary=boundary",
}

func contentType(value string) intake.Header {
	return func(name string) string {
		if name == "Content-Type" {
			return value
		}
		return ""
	}
}

// delivery is one file of testdata.
type delivery struct {
	folder, rule, path string
	channel            intake.Channel
	header             intake.Header
	body               []byte
}

func deliveries(t testing.TB) []delivery {
	t.Helper()
	var all []delivery
	for folder, channel := range channels {
		paths, err := filepath.Glob(filepath.Join("testdata", folder, "*"))
		require.NoError(t, err)
		require.NotEmpty(t, paths, folder)
		for _, path := range paths {
			kind, ok := contentTypes[filepath.Ext(path)]
			if !ok {
				continue
			}
			body, err := os.ReadFile(path)
			require.NoError(t, err)
			rule := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
			all = append(all, delivery{folder, rule, path, channel, contentType(kind), body})
		}
	}
	return all
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

// Each file of testdata is a rule of a channel; the golden file beside it is what becomes
// of it.
func TestRules(t *testing.T) {
	t.Parallel()
	for _, d := range deliveries(t) {
		t.Run(d.folder+"/"+d.rule, func(t *testing.T) {
			t.Parallel()
			batch, err := d.channel.Parse(d.header, d.body)
			golden(t, strings.TrimSuffix(d.path, filepath.Ext(d.path))+".golden", shown(t, batch, err))
			require.NoError(t, sound(batch, err))
		})
	}
}

// A golden file whose delivery is gone would prove nothing.
func TestNoStrayGoldens(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, d := range deliveries(t) {
		name := strings.TrimSuffix(d.path, filepath.Ext(d.path)) + ".golden"
		require.False(t, known[name], "two deliveries for %s", name)
		known[name] = true
	}
	goldens, err := filepath.Glob("testdata/*/*.golden")
	require.NoError(t, err)
	for _, path := range goldens {
		require.True(t, known[path], path)
	}
}
