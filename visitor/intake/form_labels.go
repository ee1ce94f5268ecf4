package intake

import (
	"strings"
	"unicode"

	"github.com/contactpipeline/visitors/tag/text"
)

// The fields of the contact that an answer can have.
const (
	toName      = "name"
	toFirstName = "first_name"
	toLastName  = "last_name"
	toUsername  = "username"
	toEmail     = "email"
	toPhone     = "phone"
)

// labels are the usual labels of the questions for a field, in the languages of many forms.
var labels = labelTable(map[string]string{
	toName: `name, names, full name, customer name, visitor name, lead name, person name, first and last name,
		name and surname, vollständiger name, vor- und nachname, vorname und nachname, vorname nachname,
		name vorname, nombre, nombre completo, nombre y apellido, nombre y apellidos, nom, nom complet,
		nom et prénom, prénom et nom, nome, nome completo, nome e cognome, nome e sobrenome, naam,
		volledige naam, voor- en achternaam, imię i nazwisko, navn, fulde navn, fullt navn, namn,
		fullständigt namn, nimi, koko nimi, név, teljes név, jméno, jméno a příjmení, nume,
		nume si prenume, isim, ad soyad, adınız soyadınız, ονοματεπώνυμο, имя, ваше имя, фио,
		имя и фамилия, ім'я, піб, שם, שם מלא, الاسم, الاسم الكامل, お名前, 名前, 氏名, 姓名, 이름, 성함,
		नाम, họ và tên, họ tên, nama, nama lengkap`,
	toFirstName: `first name, first, name first, name first name, given name, forename, fname, vorname, primer nombre, nombres, prénom,
		primeiro nome, voornaam, imię, fornavn, förnamn, etunimi, keresztnév, křestní jméno, prenume, adınız,
		όνομα, שם פרטי, الاسم الأول`,
	toLastName: `last name, last, name last, name last name, surname, family name, lname, nachname, familienname, zuname, apellido, apellidos,
		nom de famille, sobrenome, cognome, achternaam, nazwisko, efternavn, etternavn, efternamn, sukunimi,
		vezetéknév, příjmení, soyad, soyadınız, επώνυμο, фамилия, прізвище, שם משפחה, اسم العائلة`,
	toUsername: `username, user name`,
	toEmail: `email, e-mail, mail, email address, e-mail address, mail address, email id, work email,
		business email, company email, user email, customer email, e-mail-adresse, mailadresse,
		e-mail adres, correo, correo electrónico, respondent email, email de contacto, dirección de correo,
		dirección de correo electrónico, courriel, adresse e-mail, adresse mail, adresse électronique,
		e-mail professionnel, endereço de e-mail, indirizzo e-mail, indirizzo di posta elettronica,
		posta elettronica, e-mailadres, adres e-mail, adres email, e-post, e-postadresse, e-postadress,
		mejl, sähköposti, sähköpostiosoite, e-mail cím, e-mailová adresa, adresa de email, e-posta,
		e-posta adresi, e-posta adresiniz, ηλεκτρονικό ταχυδρομείο, почта, электронная почта, эл. почта, имейл,
		адрес электронной почты, електронна пошта, אימייל, דוא"ל, כתובת אימייל, البريد الإلكتروني,
		メールアドレス, メール, 邮箱, 电子邮箱, 电子邮件, 電子郵件, 이메일, 이메일 주소, ईमेल, địa chỉ email, alamat email`,
	toPhone: `phone, phone number, telephone, telephone number, tel, tel no, phone no, mobile, mobile number,
		mobile no, mobile phone, mobile phone number, cell, cell phone, cell number, contact number, contact no,
		work phone, work phone number, business phone, day phone, sms phone, whatsapp, whatsapp number, gsm, telefon, telefonnummer,
		rückrufnummer, handy, handynummer, mobil, mobilnummer, mobiltelefon, teléfono, número de teléfono, celular,
		móvil, teléfono móvil, téléphone, numéro de téléphone, portable, téléphone portable, telefone,
		número de telefone, telemóvel, telefono, numero di telefono, cellulare, telefoon, telefoonnummer,
		mobiel nummer, numer telefonu, tlf, puhelin, puhelinnumero, telefonszám, telefonní číslo, număr de telefon,
		telefon numarası, telefon numaranız, cep telefonu, τηλέφωνο, телефон, номер телефона, номер телефону, טלפון, מספר טלפון,
		נייד, الهاتف, رقم الهاتف, رقم الجوال, 電話番号, 电话, 手机, 手机号, 手机号码, 電話, 전화번호, 연락처, 휴대폰,
		फ़ोन नंबर, số điện thoại, nomor telepon, nomor hp`,
})

// fillers are words of labels without a meaning of their own.
var fillers = words(`a an the my your please enter type provide give us what which is s are hi hello and now so tell me also can we
	best required optional pflichtfeld field contact q
	wie lautet heißt ist quel quelle est cual cuál es qual é è wat ваш ваше ваша
	la el le ihr ihre dein deine bitte votre ton vos tu su seu sua il tuo tua uw je jouw twoj twoje din ditt`)

func words(s string) map[string]bool {
	set := map[string]bool{}
	for _, word := range strings.Fields(s) {
		set[text.Fold(word)] = true
	}
	return set
}

func labelTable(labels map[string]string) map[string]string {
	table := map[string]string{}
	for field, list := range labels {
		for label := range strings.SplitSeq(list, ",") {
			table[plainLabel(label)] = field
		}
	}
	return table
}

// maxLabel is the maximum length in bytes of a label that is looked up.
const maxLabel = 100

// fieldOf returns the field of the contact that a label asks for, "" if it is not a usual one.
func fieldOf(label string) string {
	label = strings.TrimPrefix(label, "No Label ") // of Elementor, before the id of a field that has none
	if len(label) > maxLabel {
		return ""
	}
	if field, ok := labels[label]; ok {
		return field
	}
	if field, ok := labels[plainLabel(label)]; ok {
		return field
	}
	if i := strings.IndexAny(label, "(/:|,*"); i > 0 {
		return labels[plainLabel(label[:i])]
	}
	return ""
}

// plainLabel returns the letters of a label without those of fillers, such as "emailaddress" for
// "What's your e-mail address? *", and "phonenumber" for "q5_phoneNumber".
func plainLabel(label string) string {
	var spaced strings.Builder
	var last rune
	for _, r := range label {
		if unicode.IsLower(last) && unicode.IsUpper(r) {
			spaced.WriteByte(' ')
		}
		spaced.WriteRune(r)
		last = r
	}
	var plain strings.Builder
	for word := range strings.FieldsFuncSeq(text.Fold(spaced.String()), isSeparator) {
		if !fillers[word] {
			plain.WriteString(word)
		}
	}
	return plain.String()
}

func isSeparator(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsMark(r) }

// fieldOfKind returns the field of the contact that a type of question asks for.
func fieldOfKind(kind string) string {
	kind = strings.ToLower(kind)
	switch {
	case strings.Contains(kind, toEmail):
		return toEmail
	case strings.Contains(kind, toPhone), kind == "tel":
		return toPhone
	case kind == toName:
		return toName
	}
	return ""
}
