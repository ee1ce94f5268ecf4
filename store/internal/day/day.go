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

// window is by how many events one may come later than another that happened after it,
// and quiet for how many nothing happens to a person before and after what keeps its order.
const (
	window = 200
	quiet  = 2*window + 2_000
)

// AtOnce is how many deliveries may be on their way at once, and how many may overtake one.
const AtOnce = 128

// mostInOne is how many events a delivery of Meta's holds at most. Platforms name a thousand, which
// package webhook tests.
const mostInOne = 40

// start is when the day begins.
var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// Clock is the time of the whole day for the business: its end.
func Clock() time.Time { return start.Add(24 * time.Hour) }

// Sources returns the business's own sources.
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

// Delivery is what a channel posts.
type Delivery struct {
	Channel     string
	ContentType string
	Body        []byte
}

// Day is what is posted in a day.
type Day struct {
	Ordered []Delivery     // each event once, as it happened, one in a delivery
	Arrived []Delivery     // as it arrives, many in a delivery where the platform does that
	Kinds   map[string]int // how many there are of what
}

// event is what happens.
type event struct {
	channel string
	part    string // the body, or for Meta an entry of it
}

// New makes up a day of n events, the same for the same seed.
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

// shuffled returns the events as they arrive: each up to window places late, one in ten
// twice, the second time at any time after the first.
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
			if w.IntN(4) == 0 { // the platform tries for hours
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

// bundle puts events into deliveries: of Meta's channels many that arrive together, in any order.
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
			most[e.channel] = 1 + w.IntN(mostInOne)
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
