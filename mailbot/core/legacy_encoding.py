"""Tells which legacy encoding short text without a mark is in, by what its letters would be in each.

Statistics over whole languages fail on tables, whose cells hold a handful of letters; so each decoding is judged character by
character: a letter among letters of its own script and case is likely, a symbol inside a word or a rare ideograph is not. Letters
that no one language writes together (ý þ ð beside ü and ç) count against a decoding.
"""

from __future__ import annotations

import unicodedata

CANDIDATES = (
    "cp1252", "gb18030", "cp932", "cp949", "cp950", "euc_jp", "cp1250", "cp1251", "cp1253", "cp1254",
    "mac_roman", "koi8_r", "cp437", "iso8859_15", "iso8859_2", "iso8859_5", "cp1257", "cp1256",
)  # fmt: skip
"""In the order in which they win a tie."""

_ALPHABETS = tuple(
    frozenset(f"{letters}{letters.upper()}")
    for letters in (
        "äöüßé", "éèêëàâæçîïôœùûüÿ", "áéíóúñü", "àèéìíòóùú", "ãáâàçéêíóôõú", "éëïöüèáó", "åäöé", "æøåé", "áéíóúýþæöð",
        "áčďéěíňóřšťúůýž", "áäčďéíĺľňóôŕšťúýž", "ąćęłńóśźż", "áéíóöőúüű", "ăâîșțşţ", "čćđšž", "ąčęėįšųūž", "āčēģīķļņšūž", "äöüõšž",
        "çğışöüâîûİ",
    )
)  # fmt: skip
"""The letters beyond ASCII that one language or another writes."""
_FOREIGN = 0.8

_COMMON = {
    "gb18030": (
        "的一是不了在人有我他这中大来上个国到说们为子和你地出道也时年得就那要下以生会自着去之过家学对可她里后小么心多天而能好都然"
        "没日于起还发成事只作当想看文无开手十用主行方又如前所本见经头面公同三已老从动两长知民样现分将外但身些与高意进把法此实回二"
        "理美点月明其种声全工己话儿者向情部正名定女问力机给等几很业最间新什打便位因重被走电四第门相次东政海口使教西再平真听世气信"
        "北少关并内加化由却代军产入先山五太水万市眼体别处总才场师书比住员九笑性通目华报立马命张活难神数件安表原车白应路期叫死常提"
        "感金何更反合放做系计或司利受光王果亲界及今京务制解各任至清物台象记边共风战干接它许八特觉望直服毛林题建南度统色字请交爱让"
        "认算论百吃义科怎元社术结六功指思非流每青管夫连远资队跟带花快条院变联言权往展该领传近留红治决周保达办运武半候七必城父强步"
        "完革深区即求品士转量空甚众技轻程告江语英基派满式李息写呢识极令黄德收脸钱党倒未持取设始版双历越史商千片容研像找友孩站广改"
        "议形委早房音火际则首单据导影失拿网香似斯专石若兵弟谁校读志飞观争究包组造落视济喜离虽坏款称编号订货价格数备注客户税额付发"
        "票采购合计日期规格型"
    ),
    "cp950": (
        "的一是不了在人有我他這中大來上個國到說們為子和你地出道也時年得就那要下以生會自著去之過家學對可她裡後小麼心多天而能好都然"
        "沒日於起還發成事只作當想看文無開手十用主行方又如前所本見經頭面公同三已老從動兩長知民樣現分將外但身些與高意進把法此實回二"
        "理美點月明其種聲全工己話者向情部正名定女問力機給等幾很業最間新什打便位因重被走電四第門相次東政海口使教西再平真聽世氣信北"
        "少關並內加化由產品稱編號訂單貨價格數量備註客戶稅額付款發票採購合計日期規格"
    ),
    "cp949": (
        "이다의는에가을를로하고지사수량단품목서기한은도나리자인시대어정스장전해부일보공업구주중성제원금액합계명번호날짜비고거래처"
        "세발행입출납회국문상조소무관과물동신유연표개경위치내용방생산여오요아라마만모"
    ),
    "cp932": (
        "注文番号顧客数量単価金額合計日付年月納期品名商株式会社有限東京大阪名古屋福岡札幌横浜京都神戸工業事製作所山田中村本鈴木佐藤高橋渡辺伊"
        "藤小林加吉松井上部支店営業課長様住所電話請求書見積税込別消費備考規格型色在庫入出荷先送料支払振込銀行口座名義担当者県市区町丁目"
        "一二三四五六七八九十百千万円個本枚台箱式"
    ),
}
"""The characters that most text of a language, and a table's header, is made of."""
_COMMON["euc_jp"] = _COMMON["cp932"]


def likely_encoding(content: bytes) -> str:
    """Return the encoding of CANDIDATES under which the bytes read best, or "" when none reads well."""
    best, best_score = "", 0.25
    for rank, name in enumerate(CANDIDATES):
        try:
            text = content.decode(name)
        except UnicodeDecodeError:
            continue
        score = likelihood(text, name) - _FOREIGN * _foreign(text) - rank * 0.005
        if score > best_score:
            best, best_score = name, score
    return best


def utf16_order(content: bytes) -> str:
    """Return "utf-16-le" or "utf-16-be" where text without a mark is written so, else "".

    ASCII characters, of which Latin text and the delimiters and line ends of any table are, have a NUL on one side alone.
    """
    sample = content[:4000]
    sample = sample[: len(sample) & ~1]
    before, after, half = sample[0::2].count(0), sample[1::2].count(0), len(sample) // 2
    order = "utf-16-le" if after > before else "utf-16-be"
    if half and max(before, after) > 0.6 * half and min(before, after) < 0.1 * half:
        return order
    if max(before, after) < 0.05 * half or min(before, after) > 0.1 * max(before, after):
        return ""
    text = sample.decode(order, "replace")
    sound = not any(unicodedata.category(c) in ("Cc", "Co", "Cn") for c in text[:-1] if c not in "\t\r\n")
    return order if sound and ("\n" in text or "\r" in text) else ""


def _foreign(text: str) -> float:
    """Return the share of the Latin letters beyond ASCII, each counted once, outside the alphabet that has most of them."""
    letters = {c for c in text if "\xbf" < c < "\u0250" and c.isalpha()}
    return 1 - max(len(letters & alphabet) for alphabet in _ALPHABETS) / len(letters) if letters else 0.0


def likelihood(text: str, encoding: str) -> float:
    """Return the mean verdict on the characters beyond ASCII, from -1 to 1; 0 when there are none."""
    padded = f" {text} "
    verdicts = [
        _verdict(before, here, after, encoding)
        for before, here, after in zip(padded, padded[1:], padded[2:], strict=False)
        if here > "\x7f"
    ]
    return sum(verdicts) / len(verdicts) if verdicts else 0.0


def _verdict(before: str, here: str, after: str, encoding: str) -> float:
    """Return how likely one character is between its neighbours."""
    code = ord(here)
    if code < 0xA0 or 0xE000 <= code <= 0xF8FF or code == 0xFFFD:
        return -1.0
    if code >= 0x2E80:
        return _east_asian(here, encoding)
    if not here.isalpha() or here == "µ":
        return _symbol(before, here, after)
    neighbours = [c for c in (before, after) if c.isalpha()]
    if any(_script(c) != _script(here) for c in neighbours):
        return -1.0
    if here.isupper() and before.islower():
        return -1.0
    if here.islower() and before.isupper() and after.isupper():
        return -0.8
    if here in "ªºƒ" or (here == "þ" and before.isalpha() and not after.isalpha()) or (here == "ı" and encoding != "cp1254"):
        return -0.5
    if _script(here) == "LATIN" and neighbours and all(c > "\x7f" for c in neighbours):
        return 0.2  # accented letters stand one by one; whole words of them are another alphabet
    western = code <= 0xFF or here in "ŒœŠšŽžŸ"
    return 0.1 if not neighbours else 1.0 if _script(here) != "LATIN" else 0.95 if western else 0.8


def _symbol(before: str, here: str, after: str) -> float:
    """Return how likely a sign is: money beside figures, dashes and quotation marks at words, others seldom."""
    if here in "€£¥":
        return 0.9 if before.isdigit() or after.isdigit() or (before in " (" and after in " ),;|\t\r\n") else -0.6
    if here in "–—’‘“”…«»°·•™®©§²³½¼¾±\u00a0№µ×„‚":
        return 0.6 if not (before.isalpha() and after.isalpha()) or here in "’–" else -0.3
    return -0.5


def _east_asian(here: str, encoding: str) -> float:
    """Return how likely an East Asian character is in an encoding."""
    code = ord(here)
    if 0xFF61 <= code <= 0xFF9F:
        return -0.3  # half-width katakana: what single-byte text looks like when read as Shift-JIS
    if 0x3040 <= code <= 0x30FF:
        return 1.0 if encoding in ("cp932", "euc_jp") else 0.2
    if 0x3000 <= code <= 0x303F or 0xFF00 <= code <= 0xFF60:
        return 0.7
    common = _COMMON.get(encoding, "")
    if here in common:
        return 1.0
    if 0xAC00 <= code <= 0xD7A3:
        return 0.6 if encoding == "cp949" and _in_rows(here, "euc_kr", 0xB0, 0xC8) else -0.5
    if not 0x4E00 <= code <= 0x9FFF or encoding == "cp949":
        return -0.5
    rows = {
        "gb18030": ("gb2312", 0xB0, 0xD7),
        "cp950": ("big5", 0xA4, 0xC6),
        "cp932": ("shift_jis", 0x88, 0x97),
        "euc_jp": ("euc_jp", 0xB0, 0xCF),
    }
    codec, first, last = rows.get(encoding, ("", 1, 0))
    return 0.5 if codec and _in_rows(here, codec, first, last) else -0.5


def _in_rows(here: str, codec: str, first: int, last: int) -> bool:
    """Return whether a character stands in the rows of a national standard that hold its common characters."""
    try:
        return first <= here.encode(codec)[0] <= last
    except UnicodeEncodeError:
        return False


def _script(character: str) -> str:
    """Return the first word of a letter's Unicode name, its script."""
    return unicodedata.name(character, "?").partition(" ")[0]
