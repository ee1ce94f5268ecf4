package intake_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/contactpipeline/visitors/visitor"
	"github.com/contactpipeline/visitors/visitor/intake"
)

// field returns the field of the contact that a flat form's only field is read as.
func field(t *testing.T, label string) string {
	t.Helper()
	body := fmt.Sprintf(`{%q:"x"}`, label)
	batch, err := intake.Form{}.Parse(contentType("application/json"), []byte(body))
	if err != nil {
		require.ErrorContains(t, err, "no name, e-mail or phone")
		return ""
	}
	c := batch.Events[0].Contact
	switch "x" {
	case c.Name:
		return "name"
	case c.Email:
		return "email"
	}
	return "phone"
}

func TestFormLabels(t *testing.T) {
	t.Parallel()
	for label, want := range map[string]string{
		"name": "name", "Name*": "name", "FULL NAME": "name", "your-name": "name", "What is your name?": "name", "Hi! What's your name?": "name",
		"fullName": "name", "q3_fullName3": "name", "First name": "name", "Vorname": "name", "Nachname:": "name", "Ваше имя": "name",
		"Nome e cognome": "name", "Adınız Soyadınız": "name", "Jméno a příjmení": "name", "이름": "name", "الاسم": "name", "Họ và tên": "name",
		"E-Mail": "email", "e_mail": "email", "Email Address": "email", "emailAddress": "email", "Your email (required)": "email",
		"E-mail-Adresse *": "email", "Adresse e-mail": "email", "Correo electrónico": "email", "Sähköposti": "email", "電子郵件": "email",
		"email-602": "email", "Email, please": "email", "דוא\"ל": "email", "Адрес электронной почты": "email",
		"Phone": "phone", "tel-419": "phone", "Phone / WhatsApp": "phone", "Mobile No.": "phone", "Telefonnummer (optional)": "phone",
		"Numéro de téléphone": "phone", "Teléfono móvil": "phone", "Номер телефона": "phone", "電話番号": "phone", "Cep Telefonu": "phone",
		"¿Cuál es tu nombre?": "name", "Wie lautet Ihre E-Mail-Adresse?": "email", "Quel est votre nom ?": "name",
		"Qual è la tua email?": "email", "Wat is uw naam?": "name", "Ваш телефон": "phone", "Ваш e-mail": "email",
		"E-posta adresiniz": "email", "Telefon numaranız": "phone", "No Label email": "email", "Name (Last)": "name",
		"Company name": "", "Name of your pet": "", "Event name": "", "Friend's email": "", "Email opt-in": "", "Phone model": "", "Message": "",
		"Contact": "", "?": "", "": "", strings.Repeat("name", 26): "", "Username": "", "form_name": "", "Telephone consent": "",
	} {
		require.Equal(t, want, field(t, label), "%q", label)
	}
}

// The type of a question counts more than its label, exactly the name of a field more than
// another label, and Fields most.
func TestFormPrecedence(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		form             intake.Form
		body, name, mail string
	}{
		{intake.Form{}, `{"E-Mail":"a@example.com","email":"b@example.com"}`, "", "b@example.com"},
		{intake.Form{}, `[{"label":"email","value":"a@example.com"},{"label":"Other","type":"email","value":"b@example.com"}]`, "", "b@example.com"},
		{intake.Form{}, `{"Email":" ","E-Mail":"b@example.com"}`, "", "b@example.com"},
		{intake.Form{Fields: map[string]string{"Mail": "email"}},
			`[{"label":"Mail","value":""},{"label":"Mail","value":"b@example.com"},{"label":"Mail","value":"c@example.com"}]`, "", "b@example.com"},
		{intake.Form{Fields: map[string]string{"second": "email"}}, `{"email":"a@example.com","second":"b@example.com"}`, "", "b@example.com"},
		{intake.Form{Fields: map[string]string{"second": "email"}}, `{"email":"a@example.com","second":""}`, "", "a@example.com"},
		{intake.Form{Fields: map[string]string{"email": ""}}, `{"email":"a@example.com","name":"Ada"}`, "Ada", ""},
		{intake.Form{Fields: map[string]string{"email": "attributes.login"}}, `{"email":"a@example.com","name":"Ada"}`, "Ada", ""},
		{intake.Form{Fields: map[string]string{"who": "name"}}, `{"who":"Ada","last_name":"Example"}`, "Ada", ""},
		{intake.Form{Fields: map[string]string{"given": "first_name"}}, `{"given":"Ada","name":"a form"}`, "Ada", ""},
		{intake.Form{}, `{"name":"Ada Example","first_name":"Ada","last_name":"Example"}`, "Ada Example", ""},
		{intake.Form{}, `{"name":"Ada Example","first_name":"Ada"}`, "Ada Example", ""},
		{intake.Form{}, `{"Nom":"Example","Prénom":"Ada"}`, "Ada Example", ""},
		{intake.Form{}, `{"Nombre":"Ada","Apellidos":"Example"}`, "Ada Example", ""},
		{intake.Form{}, `{"first_name":"Ada","last_name":"Example"}`, "Ada Example", ""},
	} {
		batch, err := c.form.Parse(contentType("application/json"), []byte(c.body))
		require.NoError(t, err, c.body)
		got := batch.Events[0].Contact
		require.Equal(t, c.name+"|"+c.mail, got.Name+"|"+got.Email, c.body)
	}
}

// A submission is filtered by the values of fields, and by the name of the form.
func TestFormFilters(t *testing.T) {
	t.Parallel()
	lead := `{"type":["lead","vip"],"name":"Ada"}`
	for _, c := range []struct {
		form intake.Form
		body string
		want intake.Reason
	}{
		{intake.Form{Ignore: map[string][]string{"type": {"unsubscribe"}}}, lead, ""},
		{intake.Form{Ignore: map[string][]string{"type": {"unsubscribe", "VIP "}}}, lead, intake.Filtered},
		{intake.Form{Ignore: map[string][]string{"type": nil}}, lead, ""},
		{intake.Form{Ignore: map[string][]string{"kind": {"lead"}}}, lead, ""},
		{intake.Form{Ignore: map[string][]string{"kind": {"x"}, "type": {"lead"}}}, lead, intake.Filtered},
		{intake.Form{Only: map[string][]string{"type": {"lead"}}}, lead, ""},
		{intake.Form{Only: map[string][]string{"type": {"order"}}}, lead, intake.Filtered},
		{intake.Form{Only: map[string][]string{"type": {"lead"}, "kind": {"x"}}}, lead, intake.Filtered},
		{intake.Form{Only: map[string][]string{"type": nil}}, lead, intake.Filtered},
		{intake.Form{Only: map[string][]string{"form_name": {"visit us"}}}, `{"eventType":"FORM_RESPONSE","data":{"formName":"Visit us","fields":[{"label":"name","value":"Ada"}]}}`, ""},
		{intake.Form{Ignore: map[string][]string{"type": {"unsubscribe"}}}, `{"type":"unsubscribe"}`, intake.Filtered},
	} {
		batch, err := c.form.Parse(contentType("application/json"), []byte(c.body))
		require.NoError(t, err, c.body)
		require.Equal(t, c.want, batch.Events[0].Reason)
	}
}

// The error of a submission without a person names fields, few of them, and no personal data.
func TestFormNamesFieldsSeen(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 500 {
		many = append(many, fmt.Sprintf(`"field_%03d":{"x":"private"}`, i))
	}
	for body, want := range map[string]string{
		`{"a":{"b":[{"c":"private"}]},"d":1}`: "; the body has the fields a.b[].c, d",
		`{"ada@example.com":"private","+447700900123":1,"line\nbreak":1,"` + strings.Repeat("x", 65) + `":1}`: "",
		`{}`: "", `{"a":null}`: "", `{"a":{},"b":[]}`: "; the body has the fields b",
	} {
		_, err := intake.Form{}.Parse(contentType("application/json"), []byte(body))
		require.EqualError(t, err, "read form: form: no name, e-mail or phone"+want, body)
	}
	_, err := intake.Form{}.Parse(contentType("application/json"), []byte("{"+strings.Join(many, ",")+"}"))
	require.ErrorContains(t, err, "field_000.x, ")
	require.Less(t, len(err.Error()), 600)
	require.NotContains(t, err.Error(), "private")
}

// KeepAnswers keeps at most 50 attributes, so that a visitor has room for others.
func TestFormKeepsFewAnswers(t *testing.T) {
	t.Parallel()
	var many []string
	for i := range 500 {
		many = append(many, fmt.Sprintf(`"Question %03d?":"x"`, i))
	}
	batch, err := intake.Form{KeepAnswers: true}.Parse(contentType("application/json"), []byte(`{"name":"Ada",`+strings.Join(many, ",")+"}"))
	require.NoError(t, err)
	require.Len(t, batch.Events[0].Contact.Attributes, 50)
	require.Contains(t, batch.Events[0].Contact.Attributes, "question_000")

	batch, err = intake.Form{KeepAnswers: true}.Parse(contentType("application/x-www-form-urlencoded"),
		[]byte("name=Ada&_wpcf7=17&g-recaptcha-response=x&cf-turnstile-response=x&size=XL"))
	require.NoError(t, err)
	require.Equal(t, visitor.Attributes{"size": visitor.Text("XL")}, batch.Events[0].Contact.Attributes)
}

// Odd bodies are read as far as possible, or refused with a clear error.
func TestFormOddBodies(t *testing.T) {
	t.Parallel()
	deep := strings.Repeat(`{"a":`, 9_000) + "1" + strings.Repeat("}", 9_000)
	tooDeep := strings.Repeat(`[`, 20_000) + strings.Repeat("]", 20_000)
	list := "[" + strings.Repeat(`{"name":"Ada"},`, 999) + `{"name":"Ada"}]`
	for _, c := range []struct{ body, want string }{
		{`{"name":"Ada","deep":` + deep + `}`, ""},
		{`{"name":"Ada","deep":` + tooDeep + `}`, "not JSON"},
		{list, ""},
		{"[" + list[1:len(list)-1] + `,{"name":"Ada"}]`, "more than 1000 submissions"},
		{`{"name":"Ada","wide":[` + strings.Repeat("[],", 100_000) + `[]]}`, "more than 100000 values"},
		{`{"name":"Ada","huge":"` + strings.Repeat("x", 3<<20) + `"}`, ""},
		{`"Ada"`, "not a JSON object"}, {`7`, "not a JSON object"}, {`null`, "not a JSON object"}, {`[[{"name":"Ada"}]]`, "not a JSON object"},
		{`{"name":"Ada"} x`, "broken at byte"}, {`{"name":"Ada"`, "broken at byte"}, {``, "broken at byte"},
		{`{"name":{"value":{"value":{"value":"Ada"}}},"email":"ada@example.com"}`, ""},
		{`{"form_response":{"answers":7},"email":"ada@example.com"}`, ""},
		{`{"eventType":"lead","data":{"fields":[{"label":"name","value":"Ada"}]}}`, ""},
	} {
		batch, err := intake.Form{KeepAnswers: true}.Parse(contentType("application/json"), []byte(c.body))
		require.NoError(t, sound(batch, err))
		if c.want == "" {
			require.NoError(t, err)
			require.NotEmpty(t, batch.Events)
			continue
		}
		require.ErrorContains(t, err, c.want)
		require.ErrorIs(t, err, intake.ErrInvalid)
	}
}
