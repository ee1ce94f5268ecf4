package rest

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/danielgtaylor/huma/v2"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// checkQuery refuses a query that is malformed, or has an unknown or repeated parameter. An
// unknown name can be anything, so the error does not repeat it.
func checkQuery(op *huma.Operation, raw string) error {
	query, err := url.ParseQuery(raw)
	if err != nil {
		return invalid("query", "malformed")
	}
	var known []string
	for _, p := range op.Parameters {
		if p.In == "query" {
			known = append(known, p.Name)
		}
	}
	for name, values := range query {
		switch {
		case !slices.Contains(known, name):
			return invalid("query", "an unknown parameter; "+listOf(known))
		case len(values) > 1:
			return invalid(name, "given twice")
		}
	}
	return nil
}

// listOf returns the known names for an error.
func listOf(known []string) string {
	if len(known) == 0 {
		return "none is known"
	}
	slices.Sort(known)
	return "known are " + strings.Join(known, ", ")
}

// readBody reads the body of a request, which must be JSON in UTF-8.
func (h *handler) readBody(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	kind, params, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || kind != "application/json" || params["charset"] != "" && !strings.EqualFold(params["charset"], "utf-8") {
		return nil, &Problem{Status: http.StatusUnsupportedMediaType, Code: CodeMediaType, Field: "Content-Type", Detail: "want application/json in UTF-8"}
	}
	// Not every ResponseWriter supports deadlines. net/http clears this one after the body.
	_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(h.o.BodyTimeout))
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, h.o.MaxBody))
	var large *http.MaxBytesError
	var late net.Error
	switch {
	case errors.As(err, &large):
		return nil, &Problem{Status: http.StatusRequestEntityTooLarge, Code: CodeTooLarge, Detail: "the body is too large"}
	case errors.As(err, &late) && late.Timeout():
		return nil, &Problem{Status: http.StatusRequestTimeout, Code: CodeTimeout, Detail: "the body arrived too slowly"}
	case err != nil:
		return nil, malformed("the body could not be read")
	}
	return body, nil
}

func malformed(reason string) *Problem {
	return &Problem{Status: http.StatusBadRequest, Code: CodeMalformed, Detail: reason}
}

// bodyReader checks a body against the schema of the operation before encoding/json reads
// it, which is lenient: it accepts names in any case and repeated names, and replaces invalid
// Unicode. Huma checks types, limits and missing properties; package filter checks filters.
type bodyReader struct {
	in      []byte
	dec     *json.Decoder
	schemas huma.Registry
}

func checkBody(op *huma.Operation, schemas huma.Registry, body []byte) error {
	r := bodyReader{body, json.NewDecoder(bytes.NewReader(body)), schemas}
	if err := r.value(op.RequestBody.Content["application/json"].Schema, ""); err != nil {
		return err
	}
	if _, err := r.dec.Token(); !errors.Is(err, io.EOF) {
		return malformed("data after the end of the body")
	}
	return nil
}

// value reads the value at path, such as tags[3].
func (r *bodyReader) value(s *huma.Schema, path string) error {
	s = r.resolve(s)
	switch next := r.next(); {
	case next == '{' && s.Type == huma.TypeObject:
		return r.object(s, path)
	case next == '[' && s.Type == huma.TypeArray:
		return r.array(s, path)
	}
	var raw json.RawMessage
	if r.dec.Decode(&raw) != nil {
		return malformed("the body is missing or is not JSON")
	}
	if _, isFilter := s.Extensions["$ref"]; !isFilter && !text.IsUnicodeJSON(raw) {
		return invalid(path, "not valid Unicode")
	}
	return nil
}

// resolve follows a reference, and chooses the alternative of s with the type of the next
// value.
func (r *bodyReader) resolve(s *huma.Schema) *huma.Schema {
	if s.Ref != "" {
		s = r.schemas.SchemaFromRef(s.Ref)
	}
	types := map[byte]string{'{': huma.TypeObject, '[': huma.TypeArray}
	for _, one := range s.AnyOf {
		if one.Type == types[r.next()] {
			return one
		}
	}
	return s
}

// next returns the first character of the next value, or 0.
func (r *bodyReader) next() byte {
	rest := bytes.TrimLeft(r.in[r.dec.InputOffset():], " \t\r\n:,")
	if len(rest) == 0 {
		return 0
	}
	return rest[0]
}

func (r *bodyReader) token() (json.Token, error) {
	token, err := r.dec.Token()
	if err != nil {
		return nil, malformed("the body is not JSON")
	}
	return token, nil
}

func (r *bodyReader) array(s *huma.Schema, path string) error {
	if _, err := r.token(); err != nil {
		return err
	}
	for i := 0; r.dec.More(); i++ {
		if err := r.value(s.Items, fmt.Sprintf("%s[%d]", path, i)); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}

func (r *bodyReader) object(s *huma.Schema, path string) error {
	if _, err := r.token(); err != nil {
		return err
	}
	parent := cmp.Or(path, "body")
	seen := map[string]bool{}
	for r.dec.More() {
		from := r.dec.InputOffset()
		token, err := r.token()
		if err != nil {
			return err
		}
		name, ok := token.(string)
		if !ok {
			return malformed("the body is not JSON")
		}
		within, isMap := s.AdditionalProperties.(*huma.Schema)
		child := path + "." + name
		switch property := s.Properties[name]; {
		case !text.IsUnicodeJSON(r.in[from:r.dec.InputOffset()]):
			return invalid(parent, fmt.Sprintf("the name of property %d is not valid Unicode", len(seen)+1))
		case seen[name]:
			return invalid(parent, fmt.Sprintf("the name of property %d is given twice", len(seen)+1))
		case property != nil:
			within = property
		case !isMap:
			return invalid(parent, fmt.Sprintf("property %d is unknown; %s", len(seen)+1, listOf(slices.Collect(maps.Keys(s.Properties)))))
		case !visitor.ValidAttributeName(name):
			child = path
		}
		seen[name] = true
		if err := r.value(within, strings.TrimPrefix(child, ".")); err != nil {
			return err
		}
	}
	_, err := r.token()
	return err
}
