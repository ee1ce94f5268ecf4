package storetest

import (
	"fmt"
	"reflect"
	"time"

	"github.com/contactpipeline/visitors/filter"
	"github.com/contactpipeline/visitors/visitor"
)

// diff returns where got differs from want, "" if they are the same. Nil and empty differ,
// and so do times in different locations.
func diff(got, want any) string {
	if reflect.DeepEqual(got, want) {
		return ""
	}
	var lines []string
	compare("", reflect.ValueOf(got), reflect.ValueOf(want), &lines)
	if len(lines) == 0 {
		return fmt.Sprintf("got %#v, want %#v", got, want)
	}
	return sprint(lines)
}

func compare(path string, got, want reflect.Value, lines *[]string) {
	if !got.IsValid() || !want.IsValid() || got.Type() != want.Type() {
		*lines = append(*lines, fmt.Sprintf("%s: got %s, want %s", path, show(got), show(want)))
		return
	}
	if reflect.DeepEqual(got.Interface(), want.Interface()) {
		return
	}
	switch {
	case leaf(got.Type()):
	case got.Kind() == reflect.Pointer && !got.IsNil() && !want.IsNil():
		compare(path, got.Elem(), want.Elem(), lines)
		return
	case got.Kind() == reflect.Struct:
		for i := range got.NumField() {
			compare(path+"."+got.Type().Field(i).Name, got.Field(i), want.Field(i), lines)
		}
		return
	case got.Kind() == reflect.Slice && got.Len() > 0 && want.Len() > 0:
		for i := range max(got.Len(), want.Len()) {
			compare(fmt.Sprintf("%s[%d]", path, i), at(got, i), at(want, i), lines)
		}
		return
	}
	*lines = append(*lines, fmt.Sprintf("%s: got %s, want %s", path, show(got), show(want)))
}

func at(list reflect.Value, i int) reflect.Value {
	if i < list.Len() {
		return list.Index(i)
	}
	return reflect.Value{}
}

// leaf reports whether values of a type are shown as a whole.
func leaf(t reflect.Type) bool {
	switch t {
	case reflect.TypeFor[time.Time](), reflect.TypeFor[visitor.Value](), reflect.TypeFor[filter.Expr]():
		return true
	}
	return false
}

func show(v reflect.Value) string {
	if !v.IsValid() {
		return "nothing"
	}
	switch x := v.Interface().(type) {
	case time.Time:
		return x.Format("2006-01-02T15:04:05.999999999") + " " + x.Location().String()
	case visitor.Attributes:
		if x == nil {
			return "nil"
		}
		text := "{"
		for name, value := range x {
			text += fmt.Sprintf(" %s: %s %q", name, value.Kind(), value)
		}
		return text + " }"
	}
	if v.Kind() == reflect.Slice && v.IsNil() {
		return "nil"
	}
	if v.Kind() == reflect.String {
		return fmt.Sprintf("%q", v)
	}
	return fmt.Sprintf("%+v", v)
}
