"""Encodings are told by the letters of small tables: many languages, each in every code page that its senders write."""

from __future__ import annotations

import pytest

from mailbot.core.legacy_encoding import likely_encoding, utf16_order

TEXTS = {
    "de": "Kunde;Straße;Größe\nMüller;Hauptstraße;5\nÖzil;Am Öhr;3\n",
    "de1": "Name;Preis\nSchäfer;12,00 €\n",
    "fr": "Commande;Société;Prix\n12;Café Élysée;3,50 €\n13;L'hôtel;Déjà réglé\nNoël;ça;œuvre\n",
    "es": "Pedido;Señor;Año\n1;Peña;España\n2;Córdoba;Müller\n",
    "pt": "Encomenda;Preço;Descrição\n1;São João;Pão\n2;Três;Limões\n",
    "it": "Città;Qualità;Perché\nForlì;più;è\n",
    "nl": "Coördinaat;België;Zeeën\nJosé;één;2\n",
    "sv": "Ort;Gata\nÅmål;Östra ån\nMalmö;Väst\n",
    "da": "By;Navn\nAarhus;Søren\nKøbenhavn;Pæn å\n",
    "no": "By;Navn\nTromsø;Bjørn\nÅlesund;Kåre\n",
    "fi": "Nimi;Määrä\nPäivi;Hyvää\nTöölö;1\n",
    "is": "Nafn;Staður\nSigurður Þórsson;Ísafjörður\nÝmir;Þingvellir\n",
    "cs": "Položka;Město\nŘezníček;Plzeň\nDvořák;Ústí\n",
    "cs1": "Jméno;Město\nDvořák;Brno\nČerný;Plzeň\n",
    "sk": "Názov;Množstvo\nĽubomír;Žilina\nKoľko;päť\n",
    "pl": "Zamówienie;Ilość\nŁódź;Gdańsk\nŻak;Wójcik\n",
    "pl1": "Klient;Miasto\nKról;Kraków\nZięba;Poznań\n",
    "hu": "Név;Város\nKovács;Győr\nSzabó;Hódmezővásárhely\nÜrög;ő\n",
    "ro": "Nume;Oraş\nIonuţ;Braşov\nŢară;Iaşi\n",
    "hr": "Ime;Grad\nŠimić;Đakovo\nKovačević;Čakovec\n",
    "tr": "Sipariş;Şehir\nYılmaz;İstanbul\nŞahin;Muğla\nÇelik;Iğdır\n",
    "tr1": "Ad;Şehir\nÖzgür;İzmir\nGül;Eskişehir\n",
    "lt": "Pavadinimas;Kiekis\nŽalgiris;Kaunas\nŠiauliai;ąžuolas\nįmonė;ūkis\n",
    "lv": "Nosaukums;Cena\nRīga;Jūrmala\nĶekava;Liepāja\nčetri;šeši\n",
    "et": "Nimi;Õpetaja\nJõhvi;Pärnu\nKöök;Šaht\n",
    "ru": "Товар;Цена\nБолт;12,50\nГайка М6;1,20\n",
    "uk": "Товар;Ціна\nЇжак;12\nГайка;1\nЄвро;\n",
    "bg": "Стока;Цена\nБолт;12\n",
    "gr": "Είδος;Τιμή\nΒίδα;12,50\nΠαπαδόπουλος;Αθήνα\n",
    "ar": "الاسم;السعر\nبرغي;12\nصامولة;3\n",
    "ja": "注文番号,顧客,数量\n100,株式会社山田,3\n101,東京商事,4\n102,カトウ製作所,1\n",
    "ja1": "品名,単価\n鉛筆,100\n消しゴム,50\n",
    "zh": "订单号,客户,数量\n100,上海贸易有限公司,3\n101,深圳电子,1\n",
    "zh1": "姓名,城市\n张伟,成都\n王芳,杭州\n",
    "ko": "품목;수량\n볼트;3\n삼성전자;1\n",
    "tw": "訂單,客戶\n100,台北貿易\n101,高雄機械\n",
    "mix": "Customer;City\nMüller;Köln\nSøren Ågård;Ærø\nJosé Peña;Málaga\nFrançois;Orléans\n",
    "sym": 'Item;Price\nBolt 1/2";£5.00\nTea – green;£3 ½\n60° bend;12 m²\n',
    "trade": "Item;Note\nBolt®;5 µm\n“Nut”;12 €\n",
}
WRITTEN = {
    "de": "cp1252 iso8859_15 mac_roman cp850", "de1": "cp1252 iso8859_15 cp1250", "fr": "cp1252 mac_roman iso8859_15",
    "es": "cp1252", "pt": "cp1252", "it": "cp1252 mac_roman", "nl": "cp1252", "sv": "cp1252 cp437 mac_roman",
    "da": "cp1252 mac_roman", "no": "cp1252", "fi": "cp1252", "is": "cp1252", "cs": "cp1250 iso8859_2",
    "cs1": "cp1250 iso8859_2", "sk": "cp1250 iso8859_2", "pl": "cp1250 iso8859_2", "pl1": "cp1250 iso8859_2",
    "hu": "cp1250 iso8859_2", "ro": "cp1250 iso8859_2", "hr": "cp1250 iso8859_2", "tr": "cp1254", "tr1": "cp1254",
    "lt": "cp1257", "lv": "cp1257", "et": "cp1257 iso8859_15", "ru": "cp1251 koi8_r iso8859_5", "uk": "cp1251 iso8859_5",
    "bg": "cp1251", "gr": "cp1253", "ar": "cp1256", "ja": "cp932 euc_jp", "ja1": "cp932 euc_jp", "zh": "gb18030",
    "zh1": "gb18030", "ko": "cp949", "tw": "cp950", "mix": "cp1252 mac_roman", "sym": "cp1252", "trade": "cp1252 mac_roman",
}  # fmt: skip
CASES = [(name, encoding) for name, encodings in WRITTEN.items() for encoding in encodings.split()]


@pytest.mark.parametrize(("name", "encoding"), CASES)
def test_an_encoding_is_told_by_the_letters(name: str, encoding: str) -> None:
    content = TEXTS[name].encode(encoding)
    assert content.decode(likely_encoding(content)) == TEXTS[name]


@pytest.mark.parametrize("order", ["utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("name", ["de", "ru", "gr", "zh", "ja", "ko", "tw"])
def test_utf16_without_a_mark(name: str, order: str) -> None:
    assert utf16_order(TEXTS[name].encode(order)) == order


@pytest.mark.parametrize(
    "content", [b"", b"\0", b"a\0b\n", b"plain;text\n", b'"a \0"b\0" c";1\n' * 9, bytes(range(256)) * 9, b"\x89PNG\0\0\0\rIHDR" * 4]
)
def test_what_is_no_utf16(content: bytes) -> None:
    assert utf16_order(content) == ""
