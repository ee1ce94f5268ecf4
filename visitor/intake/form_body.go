package intake

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"mime"
	"mime/multipart"
	"net/url"
	"slices"
	"strings"

	"github.com/contactpipeline/visitors/tag/text"
)

// maxFields is the maximum number of values in a form.
const maxFields = 1_000

// fields are the values of a form as typed, by exact name.
type fields map[string][]string

// submission is one submission of a form.
type submission struct {
	root    any    // the body as a tree of JSON: map[string]any, []any, string, json.Number, bool, nil
	flat    fields // the values at the top of the body
	json    bool
	payload []byte
	known   bool // the service is known
	answers []answer
	id      string // of the service
	form    string // the name of the form
	kind    string // the service's name for the event
	kinds   []string
	paths   map[string]path // of the fields in the settings
}

// readSubmissions parses a body of one of the content types. A JSON list has several submissions.
func readSubmissions(contentType string, body []byte) ([]*submission, error) {
	if len(body) > MaxBody {
		return nil, text.Refuse("body", fmt.Sprintf("longer than %d bytes", MaxBody))
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	isJSON := looksLikeJSON(body)
	switch {
	case kind == "application/json", strings.HasSuffix(kind, "+json"):
		return readJSON(body)
	case isJSON && (contentType == "" || kind == "text/plain" || kind == "application/x-www-form-urlencoded"):
		return readJSON(body) // navigator.sendBeacon, and senders that do not set the header
	case err != nil:
		return nil, text.Refuse("content-type", "missing or not a media type")
	}
	var f fields
	switch kind {
	case "application/x-www-form-urlencoded":
		f, err = readURLEncoded(string(body))
	case "multipart/form-data":
		f, err = readMultipart(parameters["boundary"], body)
	case "text/plain":
		return nil, text.Refuse("content-type", "text/plain, and the body is not JSON")
	default:
		return nil, text.Refuse("content-type",
			"want application/json, application/x-www-form-urlencoded or multipart/form-data")
	}
	if err != nil {
		return nil, err
	}
	s := &submission{root: nested(f), flat: f, payload: body}
	return []*submission{s}, s.tooLong()
}

// looksLikeJSON reports whether a body starts and ends as an object or a list.
func looksLikeJSON(body []byte) bool {
	body = bytes.TrimSpace(bytes.TrimPrefix(body, byteOrderMark))
	if len(body) < 2 {
		return false
	}
	first, last := body[0], body[len(body)-1]
	return first == '{' && last == '}' || first == '[' && last == ']'
}

var byteOrderMark = []byte("\xef\xbb\xbf")

func (s *submission) tooLong() error {
	n := 0
	for _, values := range s.flat {
		n += len(values)
	}
	if n > maxFields {
		return tooMany()
	}
	return nil
}

func tooMany() error { return text.Refuse("body", fmt.Sprintf("more than %d values", maxFields)) }

// readURLEncoded parses any body, as https://url.spec.whatwg.org/#urlencoded-parsing does, since
// scripts post texts such as "50% off; today" without escapes.
func readURLEncoded(body string) (fields, error) {
	f, n := fields{}, 0
	for pair := range strings.SplitSeq(body, "&") {
		if pair == "" {
			continue
		}
		if n++; n > maxFields {
			return nil, tooMany()
		}
		name, value, _ := strings.Cut(pair, "=")
		name = unescape(name)
		f[name] = append(f[name], unescape(value))
	}
	return f, nil
}

// unescape decodes the escapes of a name or a value. A % that starts none is kept.
func unescape(s string) string {
	if decoded, err := url.QueryUnescape(s); err == nil {
		return decoded
	}
	parts := strings.Split(strings.ReplaceAll(s, "+", " "), "%")
	for i, part := range parts[1:] {
		code, err := hex.DecodeString(part[:min(2, len(part))])
		if err == nil && len(code) == 1 {
			parts[i+1] = string(code) + part[2:]
		} else {
			parts[i+1] = "%" + part
		}
	}
	return strings.Join(parts, "")
}

func readMultipart(boundary string, body []byte) (fields, error) {
	if boundary == "" {
		return nil, text.Refuse("content-type", "no boundary")
	}
	f, parts := fields{}, multipart.NewReader(bytes.NewReader(body), boundary)
	for n := 0; ; n++ {
		part, err := parts.NextPart()
		if errors.Is(err, io.EOF) {
			return f, nil
		}
		if err != nil {
			return nil, text.Refuse("body", "not multipart/form-data")
		}
		if n == maxFields {
			return nil, tooMany()
		}
		value, err := io.ReadAll(part)
		if err != nil {
			return nil, text.Refuse("body", "not multipart/form-data")
		}
		if name := part.FormName(); name != "" && part.FileName() == "" {
			f[name] = append(f[name], string(value))
		}
	}
}

// readJSON parses an object, which is one submission, or a list. A list of answers is one
// submission too; another one has a submission in each object.
func readJSON(body []byte) ([]*submission, error) {
	body = bytes.TrimPrefix(body, byteOrderMark)
	root, err := decodeTree(body)
	if err != nil {
		return nil, err
	}
	list, isList := root.([]any)
	if isList && !slices.ContainsFunc(list, isAnswer) {
		return readList(body, list)
	}
	if _, isObject := root.(map[string]any); !isObject && !isList {
		return nil, text.Refuse("body", "not a JSON object")
	}
	s := ofJSON(root, body)
	return []*submission{s}, s.tooLong()
}

func readList(body []byte, list []any) ([]*submission, error) {
	var parts []json.RawMessage
	if err := json.Unmarshal(body, &parts); err != nil {
		return nil, text.Refuse("body", "not JSON")
	}
	if len(list) > maxFields {
		return nil, text.Refuse("body", fmt.Sprintf("more than %d submissions", maxFields))
	}
	var all []*submission
	for i, item := range list {
		if _, ok := item.(map[string]any); !ok {
			continue
		}
		s := ofJSON(item, parts[i])
		if err := s.tooLong(); err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	if len(all) == 0 {
		return nil, text.Refuse("body", "not a JSON object, and a list without any")
	}
	return all, nil
}

func ofJSON(root any, payload []byte) *submission {
	s := &submission{root: root, flat: fields{}, json: true, payload: payload}
	object, _ := root.(map[string]any)
	for name, value := range object {
		if values := typedTexts(value); len(values) > 0 {
			s.flat[name] = values
		}
	}
	return s
}

// nested returns the values as a tree, in which names such as data[email] and topics[] are
// objects and lists, as PHP and Rails read them.
func nested(f fields) map[string]any {
	root := make(map[string]any, len(f))
	var plain []string
	for _, name := range slices.Sorted(maps.Keys(f)) {
		if !strings.Contains(name, "[") {
			plain = append(plain, name)
			continue
		}
		p, err := parsePath(name)
		if err == nil && !slices.ContainsFunc(p, func(s step) bool { return s.key != nil }) {
			put(root, p, treeOf(f[name]))
		}
	}
	for _, name := range plain {
		if _, taken := root[name]; !taken {
			root[name] = treeOf(f[name])
		}
	}
	return root
}

// put stores a value at a path, unless another value is in the way.
func put(object map[string]any, p path, value any) {
	for i, s := range p {
		if s.each && i < len(p)-1 {
			s.name = "0"
		}
		rest := p[i+1:]
		if len(rest) == 0 || len(rest) == 1 && rest[0].each {
			if _, taken := object[s.name]; !taken {
				object[s.name] = value
			}
			return
		}
		child, ok := object[s.name].(map[string]any)
		if _, taken := object[s.name]; taken && !ok {
			return
		}
		if child == nil {
			child = map[string]any{}
			object[s.name] = child
		}
		object = child
	}
}

func treeOf(values []string) any {
	if len(values) == 1 {
		return values[0]
	}
	list := make([]any, len(values))
	for i, value := range values {
		list[i] = value
	}
	return list
}

// key returns all values except those of a field, to derive an id of a submission that has none.
func (s *submission) key(without string) []string {
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(s.flat)) {
		if name != without {
			parts = append(append(parts, name), s.flat[name]...)
		}
	}
	if !s.json {
		return parts
	}
	var inner []byte
	object, isObject := s.root.(map[string]any)
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if len(s.flat[name]) == 0 && object[name] != nil {
			inner = appendTree(append(inner, name...), object[name])
		}
	}
	if !isObject {
		inner = appendTree(inner, s.root)
	}
	if len(inner) > 0 {
		parts = append(parts, string(inner))
	}
	return parts
}
