package intake

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/url"

	"github.com/contactpipeline/visitors/tag/text"
	"github.com/contactpipeline/visitors/visitor"
)

// maxFields is the maximum number of values in a form.
const maxFields = 1_000

// fields are the values of a form as typed, by exact name.
type fields map[string][]string

// first returns the first value that is not blank, trimmed, or "" if there is none or name is
// empty.
func (f fields) first(name string) string {
	if name == "" {
		return ""
	}
	for _, value := range f[name] {
		if value = text.Trim(value); value != "" {
			return value
		}
	}
	return ""
}

// value returns the values of a field as an attribute: a text, or a list if there are several.
func (f fields) value(name string) (visitor.Value, bool) {
	var values []string
	for _, value := range f[name] {
		if value = text.Trim(value); value != "" {
			values = append(values, value)
		}
	}
	switch len(values) {
	case 0:
		return visitor.Value{}, false
	case 1:
		return visitor.Text(values[0]), true
	}
	return visitor.List(values...), true
}

// readFields parses a form of one of the three content types.
func readFields(contentType string, body []byte) (fields, error) {
	if len(body) > MaxBody {
		return nil, text.Refuse("body", fmt.Sprintf("longer than %d bytes", MaxBody))
	}
	kind, parameters, err := mime.ParseMediaType(contentType)
	if err != nil {
		return nil, text.Refuse("content-type", "missing or not a media type")
	}
	var f fields
	switch kind {
	case "application/json":
		f, err = readJSON(body)
	case "application/x-www-form-urlencoded":
		f, err = readURLEncoded(body)
	case "multipart/form-data":
		f, err = readMultipart(parameters["boundary"], body)
	default:
		return nil, text.Refuse("content-type", "want application/json, application/x-www-form-urlencoded or multipart/form-data")
	}
	if err != nil {
		return nil, err
	}
	n := 0
	for _, values := range f {
		n += len(values)
	}
	if n > maxFields {
		return nil, tooMany()
	}
	return f, nil
}

func tooMany() error { return text.Refuse("body", fmt.Sprintf("more than %d values", maxFields)) }

func readURLEncoded(body []byte) (fields, error) {
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, text.Refuse("body", "not application/x-www-form-urlencoded")
	}
	return fields(values), nil
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

// readJSON parses a flat object of texts, numbers and bools, or lists of them. Nested objects
// are ignored.
func readJSON(body []byte) (fields, error) {
	var object map[string]json.RawMessage
	if err := decode(body, &object); err != nil {
		return nil, err
	}
	f := make(fields, len(object))
	for name, raw := range object {
		var list []json.RawMessage
		if json.Unmarshal(raw, &list) != nil {
			list = []json.RawMessage{raw}
		}
		for _, item := range list {
			if value, ok := typedText(item); ok {
				f[name] = append(f[name], value)
			}
		}
	}
	return f, nil
}

// typedText returns a text, a number or a bool of JSON as a form sends it.
func typedText(raw json.RawMessage) (string, bool) {
	var s string
	switch raw[0] {
	case '{', '[', 'n':
		return "", false
	case '"':
		err := json.Unmarshal(raw, &s)
		return s, err == nil
	}
	return string(raw), true
}
