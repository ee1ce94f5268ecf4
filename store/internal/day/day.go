package day

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// window is the maximum delay of an event, in events. For quiet events before and after an
// event that must stay in order, no other event concerns its person.
const (
	window = 200
	quiet  = 2*window + 2_000
)

// MaxConcurrent is the maximum number of deliveries in flight.
const MaxConcurrent = 128

// maxEntries is the maximum number of events in a delivery of Meta. Meta documents 1,000,
// which package webhook tests.
const maxEntries = 40

// start is the start of the day.
var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// Clock returns the end of the day, which is the time for the business.
func Clock() time.Time { return start.Add(24 * time.Hour) }

// Sources returns the custom sources of the business.
func Sources() map[visitor.Source]visitor.SourceInfo {
	return map[visitor.Source]visitor.SourceInfo{"form": {Label: "Form", Badge: "#7c3aed"}}
}

const secret = "secret of the day"

// Channels returns the channels of the business, by name.
func Channels() map[string]intake.Channel {
	return map[string]intake.Channel{
		"whatsapp":  intake.WhatsApp{},
		"messenger": intake.Messenger{},
		"instagram": intake.Instagram{Comments: true},
		"telegram":  intake.Telegram{Bot: "shop_bot"},
		"chat":      intake.Chat{Secrets: []string{secret}, Account: "shop", Now: Clock},
		"form": intake.Form{
			Source: "form", Account: "offer", Tags: []string{"offer"}, Honeypot: "website", Consent: "agree",
			Fields: map[string]string{"name": "name", "email": "email", "phone": "phone", "budget": "attributes.budget"},
		},
	}
}

// Delivery is an HTTP request of a channel.
type Delivery struct {
	Channel     string
	ContentType string
	Body        []byte
}

// Day is everything that is posted in a day.
type Day struct {
	Ordered []Delivery     // each event once, in order, one per delivery
	Arrived []Delivery     // in order of arrival, several per delivery where the platform batches
	Kinds   map[string]int // number of events of each kind
}

// event is one event on a channel.
type event struct {
	channel string
	part    string // the body, or for Meta one entry of it
}

// New generates a day of n events, the same for the same seed.
func New(seed uint64, n int) Day {
	w := &world{Rand: rand.New(rand.NewPCG(seed, uint64(n))), kinds: map[string]int{}}
	events := make([]event, n)
	for i := range events {
		w.now = i
		w.at = start.Add(time.Duration(i) * 23 * time.Hour / time.Duration(n))
		events[i] = w.event()
	}
	d := Day{Kinds: w.kinds}
	for _, e := range events {
		d.Ordered = append(d.Ordered, deliveryOf(e.channel, e.part))
	}
	d.Arrived = w.bundle(w.shuffled(events))
	return d
}

func deliveryOf(channel string, parts ...string) Delivery {
	d := Delivery{Channel: channel, ContentType: "application/json"}
	object := map[string]string{"whatsapp": "whatsapp_business_account", "messenger": "page", "instagram": "instagram"}[channel]
	switch {
	case channel == "form":
		d.ContentType = "application/x-www-form-urlencoded"
		fallthrough
	case object == "":
		d.Body = []byte(parts[0])
	default:
		d.Body = []byte(`{"object":"` + object + `","entry":[` + strings.Join(parts, ",") + `]}`)
	}
	return d
}

// shuffled returns the events in order of arrival: each is up to window places late, one in
// ten is repeated later.
func (w *world) shuffled(events []event) []event {
	type arrival struct {
		at int
		event
	}
	var arrivals []arrival
	for i, e := range events {
		first := i + w.IntN(window)
		arrivals = append(arrivals, arrival{first, e})
		for w.IntN(10) == 0 {
			again := first + 1 + w.IntN(window)
			if w.IntN(4) == 0 { // the platform retries for hours
				again = first + 1 + w.IntN(len(events))
			}
			arrivals = append(arrivals, arrival{again, e})
			w.kinds["sent twice"]++
		}
	}
	slices.SortStableFunc(arrivals, func(a, b arrival) int { return a.at - b.at })
	all := make([]event, len(arrivals))
	for i, a := range arrivals {
		all[i] = a.event
	}
	return all
}

// bundle groups events into deliveries. Those of Meta have several events, in any order.
func (w *world) bundle(events []event) (all []Delivery) {
	open := map[string][]string{}
	most := map[string]int{}
	flush := func(channel string) {
		parts := open[channel]
		w.Shuffle(len(parts), func(i, j int) { parts[i], parts[j] = parts[j], parts[i] })
		all = append(all, deliveryOf(channel, parts...))
		open[channel], most[channel] = nil, 0
	}
	for _, e := range events {
		if e.channel == "telegram" || e.channel == "chat" || e.channel == "form" {
			all = append(all, deliveryOf(e.channel, e.part))
			continue
		}
		if most[e.channel] == 0 {
			most[e.channel] = 1 + w.IntN(maxEntries)
		}
		if open[e.channel] = append(open[e.channel], e.part); len(open[e.channel]) >= most[e.channel] {
			flush(e.channel)
		}
	}
	for _, channel := range []string{"whatsapp", "messenger", "instagram"} {
		if len(open[channel]) > 0 {
			flush(channel)
		}
	}
	return all
}

func (w *world) id(what string) string {
	w.ids++
	return fmt.Sprint(what, w.ids)
}
