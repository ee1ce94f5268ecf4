package intake_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor/intake"
)

// BenchmarkThousandEvents verifies and reads a delivery of a thousand people, the most that
// Meta sends. x-json is how much longer that takes than encoding/json takes to read the same
// bytes into maps and slices, each at its shortest time; best-ms is ours.
func BenchmarkThousandEvents(b *testing.B) {
	for folder, m := range meta {
		b.Run(folder, func(b *testing.B) {
			var entries []string
			for n := range 1_000 {
				entries = append(entries, m.inbound(n, n))
			}
			body := envelope(m.object, entries)
			var channel intake.Channel
			switch folder {
			case "whatsapp":
				channel = intake.WhatsApp{Secrets: []string{"s"}}
			case "messenger":
				channel = intake.Messenger{Secrets: []string{"s"}}
			case "instagram":
				channel = intake.Instagram{Secrets: []string{"s"}}
			}
			h := headers("X-Hub-Signature-256", metaSignature("s", body))
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			best, plain := time.Hour, time.Hour
			for b.Loop() {
				start := time.Now()
				batch, err := intake.Read(channel, h, body)
				best = min(best, time.Since(start))
				require.NoError(b, err)
				require.Len(b, batch.Events, 1_000)

				b.StopTimer()
				start = time.Now()
				var tree any
				require.NoError(b, json.Unmarshal(body, &tree))
				plain = min(plain, time.Since(start))
				b.StartTimer()
			}
			b.ReportMetric(float64(best)/float64(plain), "x-json")
			b.ReportMetric(float64(best)/1e6, "best-ms")
		})
	}
}
