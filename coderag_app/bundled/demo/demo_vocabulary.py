"""Words, names and fixed rows from which `build_demo` makes the demo database. All of it is invented."""

from typing import NamedTuple


class Locale(NamedTuple):
    """Names and cities that customers, staff and creators of one country draw from."""

    first_names: tuple[str, ...]
    last_names: tuple[str, ...]
    cities: tuple[str, ...]


def _words(text: str) -> tuple[str, ...]:
    """Split a comma-separated list, so that a vocabulary stays one readable line."""
    return tuple(word.strip() for word in text.split(","))


COUNTRIES = (
    ("BR", "Brazil", "South America"),
    ("CN", "China", "Asia"),
    ("DE", "Germany", "Europe"),
    ("ES", "Spain", "Europe"),
    ("FR", "France", "Europe"),
    ("GB", "United Kingdom", "Europe"),
    ("IE", "Ireland", "Europe"),
    ("IS", "Iceland", "Europe"),
    ("IT", "Italy", "Europe"),
    ("JP", "Japan", "Asia"),
    ("NZ", "New Zealand", "Oceania"),
    ("PL", "Poland", "Europe"),
    ("PT", "Portugal", "Europe"),
    ("SE", "Sweden", "Europe"),
)

LOCALES = {
    "BR": Locale(
        _words("João, Beatriz, Rafael, Luíza, Caio, Marina, Thiago, Antônia"),
        _words("Silva, Souza, Araújo, Gonçalves, Pereira, Conceição, Lima"),
        _words("São Paulo, Belém, Porto Alegre"),
    ),
    "CN": Locale(
        _words("Wei, Xiulan, Jun, Ling, Hao, 丽, 明, Yan"),
        _words("Wang, Li, Zhang, Chen, Liu, 赵, Zhou"),
        _words("北京, 上海, Chengdu"),
    ),
    "DE": Locale(
        _words("Jürgen, Anna, Lukas, Käthe, Björn, Sophie, Uwe, Zoë"),
        _words("Müller, Schmidt, Weiß, Schröder, Becker, Vogt, Özdemir"),
        _words("Berlin, Köln, München"),
    ),
    "ES": Locale(
        _words("Núria, Andrés, Lucía, Íñigo, Carmen, Pau, Sofía"),
        _words("García, Núñez, Ibáñez, Soler, Peña, Vidal"),
        _words("Barcelona, Málaga, Madrid"),
    ),
    "FR": Locale(
        _words("Zoë, Benoît, Chloé, François, Margot, Anaïs, Luc"),
        _words("Lefèvre, Dubois, Garçon, Moreau, Noël, Roux"),
        _words("Paris, Lyon, Orléans"),
    ),
    "GB": Locale(
        _words("James, Emily, Oliver, Zoë, Priya, Harriet, Callum, Grace"),
        _words("Smith, O'Neill, Taylor, Patel, Hughes, Brontley, Evans"),
        _words("London, Leeds, Cardiff"),
    ),
    "IE": Locale(_words("Seán, Aoife, Niamh, Cormac"), _words("O'Brien, Byrne, Kelly"), _words("Dublin, Cork")),
    "IT": Locale(
        _words("Nicolò, Giulia, Matteo, Chiara, Elena"),
        _words("Rossi, D'Amico, Bianchi, Conti"),
        _words("Torino, Forlì, Napoli"),
    ),
    "JP": Locale(_words("Haruki, Yui, 健, Aiko, Ren"), _words("Tanaka, Satō, 鈴木, Itō"), _words("東京, Kyōto")),
    "PL": Locale(
        _words("Anna, Paweł, Małgorzata, Łukasz, Zofia, Wojciech"),
        _words("Nowak, Wójcik, Zając, Król, Mazur"),
        _words("Łódź, Kraków, Gdańsk"),
    ),
    "PT": Locale(
        _words("Inês, Tomé, Catarina, Gonçalo, Marta"),
        _words("Silva, Magalhães, Teixeira, Brandão"),
        _words("Porto, Lisboa, Évora"),
    ),
    "SE": Locale(
        _words("Åsa, Björn, Ebba, Östen, Linnéa"),
        _words("Lindström, Åkesson, Öberg, Berg"),
        _words("Stockholm, Malmö"),
    ),
}

# name, city, country, opened, closed, floor area in square metres, phone ('' and NULL both stand for "none")
STORES = (
    ("Pagoda Central", "London", "GB", "2004-03-12", None, 820, "+44 20 5550 1000"),
    ("Pagoda Central", "Łódź", "PL", "2013-09-02", None, 410, "+48 42 555 10 10"),
    ("Pagoda Riverside", "Porto", "PT", "2009-05-20", None, 365, ""),
    ("Pagoda Riverside", "Köln", "DE", "2016-11-11", None, None, "+49 221 555 0117"),
    ("Pagoda Books & Records", "Berlin", "DE", "2007-04-01", None, 940, "+49 30 555 0100"),
    ("Pagoda Vinyl", "München", "DE", "2019-02-14", None, 150, None),
    ("Pagoda Paulista", "São Paulo", "BR", "2018-08-08", None, 530, "+55 11 5550 1818"),
    ("Pagoda Hutong", "北京", "CN", "2021-10-15", None, 275, "+86 10 5550 1510"),
    ("Pagoda Gràcia", "Barcelona", "ES", "2011-06-24", None, 300, "+34 93 555 0124"),
    ("Pagoda Södermalm", "Stockholm", "SE", "2015-01-30", None, 240, ""),
    ("Pagoda Marais", "Paris", "FR", "2006-09-15", "2023-12-31", 330, None),
    ("Pagoda Liffey", "Dublin", "IE", "2025-06-28", None, 290, None),
)

# name, country, contact address, lead time in days
SUPPLIERS = (
    ("Nordlicht Buchvertrieb", "DE", "orders@nordlicht.example", 4),
    ("Thameside Wholesale", "GB", "trade@thameside.example", 6),
    ("Distribuidora Ipê", "BR", "", 15),
    ("Éditions du Canal", "FR", "bonjour@canal.example", 7),
    ("Kamień & Papier", "PL", None, 5),
    ("Moonrabbit Imports", "CN", "sales@moonrabbit.example", 28),
    ("Sakura Pressing Plant", "JP", "press@sakura.example", 35),
    ("Needle & Groove", "GB", "hello@needle.example", None),
    ("Azulejo Livros", "PT", None, 9),
    ("Aurora Vinyl AB", "SE", "info@aurora.example", 12),
    ("Reykjavík Print Works", "IS", "", None),
)

BANDS = (
    ("The Paper Lanterns", "GB"),
    ("Nachtzug", "DE"),
    ("Os Vagalumes", "BR"),
    ("Żółw Quartet", "PL"),
    ("Café Minuit", "FR"),
    ("Northern Ferry", None),
    ("七月", "CN"),
    ("Björk & Birch Trio", "SE"),
    ("Low Tide Orchestra", "IE"),
    ("Sal y Luna", "ES"),
    ("The Unreleased", None),
)

BOOK_CATEGORIES = _words("Fiction, Crime, History, Poetry, Cooking, Travel, Science")
RECORD_CATEGORIES = _words("Jazz, Rock, Classical, Electronic, Folk, Soul")
LANGUAGES = _words("English, English, English, German, French, Portuguese, Polish, Spanish, Chinese")

ADJECTIVES = _words(
    "Silent, Crooked, Last, Borrowed, Golden, Hidden, Long, Broken, Distant, Patient, Second, Winter, Unfinished, Salt"
)
NOUNS = _words(
    "Garden, Lighthouse, Orchard, Harbour, Clock, Letter, River, Map, Mirror, Bridge, Kitchen, Season, Train, "
    "Island, Violin, Window, Sparrow, Storm, Archive"
)
PLACES = _words("Łódź, São Paulo, Lisbon, Berlin, Kyoto, the North, the Coast, Trieste, Beijing, the Old Town")
SUBJECTS = {
    "Fiction": _words("The {adjective} {noun}, The {noun} of {place}, The {noun} and the {noun2}"),
    "Crime": _words("The {noun} Murders, The {adjective} Witness of {place}, Death and the {noun}"),
    "History": _words("A Short History of {place}, {place}: The {adjective} Century, The {noun} That Changed {place}"),
    "Poetry": _words("{adjective} {noun}s, Poems for {place}, From the {noun}"),
    "Cooking": _words("The {adjective} Kitchen, Cooking in {place}, The {noun} Cookbook"),
    "Travel": _words("Walking to {place}, By Train to {place}, The {adjective} Road to {place}"),
    "Science": _words("The {noun} Equation, How the {noun} Works, The {adjective} Universe"),
}
RECORD_TITLES = _words(
    "{adjective} {noun}, Songs of {place}, {noun} Songs, The {noun} Sessions, {noun} / {noun2}, A Night in {place}"
)
# title, format, category, language: titles no pattern would make, and titles that several products share
FIXED_PRODUCTS = (
    ("The Pagoda at Dusk", "book", "Fiction", "English"),
    ("The Pagoda at Dusk", "LP", "Classical", None),
    ("北京日记", "book", "Travel", "Chinese"),
    ("Straße ohne Ende", "book", "Crime", "German"),
    ("Pão de Queijo & Other Joys", "book", "Cooking", "English"),
    ("Żurek: Soups of Poland", "book", "Cooking", "Polish"),
    ("L'été à Orléans", "book", "Poetry", "French"),
    ("100% Vinyl", "LP", "Electronic", None),
    ("Don't Look at the Moon", "CD", "Soul", None),
    ("São Paulo Blue", "LP", "Jazz", None),
    ("Greatest Hits", "CD", "Rock", None),
    ("Greatest Hits", "CD", "Soul", None),
    ("Greatest Hits", "LP", "Folk", None),
)

COMMENTS = {
    1: _words("Arrived scratched., Could not finish it., Not what the cover promises."),
    2: _words("Too long for what it says., Weak second half., Expected more."),
    3: _words("Fine for a train ride., Good in parts., Nice cover but thin content."),
    4: _words("Very good., Would buy again., A great present., Excelente!"),
    5: _words("Loved it., A masterpiece., Wunderschön!, Could not put it down., 非常好"),
}
VOUCHERS = _words("WELCOME10, SUMMER, VINYLDAY, FRIENDS5")
STORE_ROLES = _words("Bookseller, Cashier, Record Buyer, Bookseller")
STATUSES = ("completed", "completed", "completed", "completed", "completed", "completed", "returned", "cancelled")
