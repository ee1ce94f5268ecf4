package remote

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/group"
	"github.com/contactpipeline/visitors/store/driver"
	"github.com/contactpipeline/visitors/tag"
	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/consent"
)

// protocol is the path of the routes, with the protocol version. The version is incremented
// if a handler can no longer serve the clients of the previous version.
const protocol = "/v1/"

// The request and response bodies of each method of driver.Store and driver.Faceter.
type (
	getRequest struct {
		ID visitor.ID `json:"id"`
	}
	getResponse struct {
		Visitor visitor.Visitor `json:"visitor"`
	}
	findRequest struct {
		Where filter.Bound     `json:"where"`
		Order driver.Order     `json:"order"`
		After *driver.Position `json:"after,omitempty"`
		Limit int              `json:"limit"`
	}
	findResponse struct {
		Visitors []visitor.Visitor `json:"visitors,omitempty"`
	}
	countRequest struct {
		Where filter.Bound `json:"where"`
		Limit int64        `json:"limit"`
	}
	countResponse struct {
		Count int64 `json:"count"`
	}
	listRequest struct {
		List driver.List `json:"list"`
	}
	tagsResponse struct {
		Tags []tag.Tag `json:"tags,omitempty"`
	}
	groupsResponse struct {
		Groups []groupForm `json:"groups,omitempty"`
	}
	applyRequest struct {
		Changes []changeForm `json:"changes"`
	}
	applyResponse struct {
		Outcomes []outcomeForm `json:"outcomes,omitempty"`
	}
	eventsRequest struct {
		After   driver.Seq `json:"after"`
		Visitor visitor.ID `json:"visitor,omitempty"`
		Limit   int        `json:"limit"`
	}
	eventsResponse struct {
		Events []driver.Event `json:"events,omitempty"`
	}
	recordsRequest struct {
		Kind   driver.RecordKind `json:"kind"`
		Keys   []string          `json:"keys,omitempty"`
		Prefix string            `json:"prefix,omitempty"`
		After  string            `json:"after,omitempty"`
		Limit  int               `json:"limit,omitempty"`
	}
	recordForm struct {
		Kind  driver.RecordKind `json:"kind"`
		Key   string            `json:"key"`
		Value []byte            `json:"value"`
	}
	recordsResponse struct {
		Records []recordForm `json:"records,omitempty"`
	}
	keysRequest  struct{}
	keysResponse struct {
		Keys consent.Keys `json:"keys"`
	}
	facetsRequest struct {
		Where filter.Bound `json:"where"`
	}
	facetsResponse struct {
		Total   int64                    `json:"total"`
		Sources map[visitor.Source]int64 `json:"sources,omitempty"`
		Tags    map[tag.ID]int64         `json:"tags,omitempty"`
		Groups  map[group.ID]int64       `json:"groups,omitempty"`
	}
)

// mapped returns the results of f for the items of a list, nil if it is empty.
func mapped[A, B any](list []A, f func(A) B) []B {
	var out []B
	for _, item := range list {
		out = append(out, f(item))
	}
	return out
}

// decodeStrict decodes JSON and refuses unknown fields. Its errors repeat nothing of the input.
func decodeStrict(b []byte, v any) error {
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	err := dec.Decode(v)
	if err == nil && (dec.More() || !text.IsUnicodeJSON(b)) {
		return malformed("the body is not JSON")
	}
	var field *visitor.FieldError
	var bound *filter.Error
	switch {
	case err == nil:
		return nil
	case errors.As(err, &field):
		return field
	case errors.As(err, &bound):
		return bound
	}
	return malformed("the body does not match this version of the protocol")
}
