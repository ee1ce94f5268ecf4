package webhook

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/contactpipeline/visitors/store"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// Handler receives the deliveries of one channel. It is safe for concurrent use.
type Handler struct {
	ws       *store.Workspace
	channel  intake.Channel
	o        Options
	tally    tally
	requests *requests
	closed   atomic.Bool
}

// New returns a handler that captures the events of a channel in a workspace. With
// Options.Route, ws is not used and can be nil. New panics without both, as every event would
// be lost.
func New(ws *store.Workspace, channel intake.Channel, o *Options) *Handler {
	if ws == nil && (o == nil || o.Route == nil) {
		panic("webhook: no workspace and no Options.Route")
	}
	h := &Handler{ws: ws, channel: channel, o: o.orDefaults()}
	h.requests = newRequests(h.o, h.request)
	return h
}

// Counts returns the totals since New.
func (h *Handler) Counts() Counts { return h.tally.counts() }

// Close makes the handler answer 503, so that channels send their deliveries again later, and
// waits for running requests for profiles and leads. Requests in the queue are dropped: the next
// event of the person queues a new one, and RetryLeads finds the leads. It returns nil.
func (h *Handler) Close() error {
	h.closed.Store(true)
	h.requests.close()
	return nil
}

// ServeHTTP answers one request of the channel; the package documentation lists the answers.
func (h *Handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	a := h.serve(w, r)
	h.tally.answered(a.status)
	if a.err != nil {
		h.record(Entry{Source: sourceOf(a.err), Outcome: Rejected, Status: a.status, Err: a.err})
	}
	header := w.Header()
	if a.text != "" {
		header.Set("Content-Type", "text/plain; charset=utf-8")
		header.Set("X-Content-Type-Options", "nosniff")
	}
	w.WriteHeader(a.status)
	_, _ = io.WriteString(w, a.text) // a channel that has disconnected sends again
	for _, r := range a.ask {
		h.requests.add(r)
	}
}

// answer is the answer to a request.
type answer struct {
	status int
	text   string
	err    error // why the delivery was rejected
	ask    []request
}

func refuse(status int, text string, err error) answer {
	return answer{status: status, text: text, err: err}
}

func (h *Handler) serve(w http.ResponseWriter, r *http.Request) answer {
	challenger, challenges := h.channel.(intake.Challenger)
	poster, posts := h.channel.(intake.CORSChannel)
	if posts {
		h.allowOrigin(w, r, poster)
	}
	switch {
	case h.closed.Load():
		return answer{status: http.StatusServiceUnavailable}
	case r.Method == http.MethodPost:
		return h.receive(w, r)
	case r.Method == http.MethodGet && challenges:
		token, err := challenger.Challenge(r.URL.Query())
		if err != nil {
			return unreadable(err)
		}
		return answer{status: http.StatusOK, text: token}
	case r.Method == http.MethodOptions && posts:
		return answer{status: http.StatusNoContent}
	}
	allowed := []string{http.MethodPost}
	if challenges {
		allowed = append(allowed, http.MethodGet)
	}
	if posts {
		allowed = append(allowed, http.MethodOptions)
	}
	w.Header().Set("Allow", strings.Join(allowed, ", "))
	return answer{status: http.StatusMethodNotAllowed, text: "method not allowed"}
}

// allowOrigin sets the CORS header: https://fetch.spec.whatwg.org/#http-cors-protocol.
func (h *Handler) allowOrigin(w http.ResponseWriter, r *http.Request, c intake.CORSChannel) {
	header, origin := w.Header(), r.Header.Get("Origin")
	header.Add("Vary", "Origin")
	if origin == "" || !c.Allows(origin) {
		return
	}
	header.Set("Access-Control-Allow-Origin", origin)
	if r.Method == http.MethodOptions {
		header.Set("Access-Control-Allow-Methods", http.MethodPost)
		header.Set("Access-Control-Allow-Headers", "Content-Type")
		header.Set("Access-Control-Max-Age", "600")
	}
}

func (h *Handler) receive(w http.ResponseWriter, r *http.Request) answer {
	body, refused := h.body(w, r)
	if refused != nil {
		return *refused
	}
	batch, err := intake.Read(h.channel, r.Header.Get, body)
	if err != nil {
		return unreadable(err)
	}
	// A channel that disconnects misses the answer, but its events are still valid.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), h.o.Timeout)
	defer cancel()
	kept, ask := h.capture(ctx, batch.Events)
	switch {
	case !kept:
		return answer{status: http.StatusServiceUnavailable}
	case h.o.Redirect != "":
		w.Header().Set("Location", h.o.Redirect)
		return answer{status: http.StatusSeeOther, ask: ask}
	}
	return answer{status: http.StatusOK, ask: ask}
}

var (
	errTooLong = errors.New("the body is too long")
	errTooSlow = errors.New("the body took too long")
	errCutOff  = errors.New("the body was cut off")
)

// body reads the body of a request, or returns the answer if that fails.
func (h *Handler) body(w http.ResponseWriter, r *http.Request) ([]byte, *answer) {
	connection := http.NewResponseController(w)
	limited := connection.SetReadDeadline(time.Now().Add(h.o.ReadTimeout)) == nil
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	var tooLong *http.MaxBytesError
	var a answer
	switch {
	case err == nil:
		if limited { // the deadline would also end the connection
			_ = connection.SetReadDeadline(time.Time{})
		}
		return body, nil
	case errors.As(err, &tooLong):
		a = refuse(http.StatusRequestEntityTooLarge, errTooLong.Error(), errTooLong)
	case errors.Is(err, os.ErrDeadlineExceeded):
		a = refuse(http.StatusRequestTimeout, errTooSlow.Error(), errTooSlow)
	default:
		a = refuse(http.StatusBadRequest, errCutOff.Error(), errCutOff)
	}
	return nil, &a
}

// unreadable returns the answer to a delivery that package intake rejects. The answer to one
// that is not authentic does not say why.
func unreadable(err error) answer {
	if errors.Is(err, intake.ErrSignature) {
		return refuse(http.StatusForbidden, intake.ErrSignature.Error(), err)
	}
	return refuse(http.StatusBadRequest, err.Error(), err)
}
