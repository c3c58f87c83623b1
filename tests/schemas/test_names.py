import pytest

from schemas.names import name_key, word_keys

# Invented names, spelled as families spell them. Each pair is one name.
SAME = [
    ("Sok Chantha", "Sokh Chan Tha"), ("Chhim Sopheap", "Chim Sopheab"), ("Ly Menghour", "Li Meng Huor"),
    ("Heng Visal", "Hèng Visal"), ("Sreymom", "Srey Mom"), ("Vannak", "Vannac"), ("Piseth", "Pisit"),
    ("Bopha", "Bupha"), ("Chea Dara", "Chia Dara"), ("Thary", "Theary"), ("Mao Sarath", "Mau Sarat"),
]  # fmt: skip
ACROSS = [
    ("សុខ ចាន់ថា", "Sok Chantha"), ("ឈឹម សុភាព", "Chhim Sopheap"), ("លី ម៉េងហួរ", "Ly Menghour"),
    ("ហេង វិសាល", "Heng Visal"), ("ស្រីមុំ", "Sreymom"), ("ពិសិដ្ឋ", "Piseth"), ("បុប្ផា", "Bopha"),
    ("សំណាង", "Samnang"), ("ជា ដារ៉ា", "Chea Dara"), ("ពេជ្រ", "Pich"), ("កែវ", "Keo"), ("អ៊ុំ", "Oum"),
]  # fmt: skip
DIFFERENT = [
    ("Vannak", "Vanna"), ("Piseth", "Pisey"), ("Dara", "Tola"), ("Sokha", "Sokhom"), ("Makara", "Monika"),
    ("Chea Dara", "Chan Dara"), ("Kosal", "Kunthea"), ("Meng Hour", "Meng Heang"), ("Visal", "Visoth"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME + ACROSS)
def test_spellings_of_one_name_share_a_key(one, other):
    assert name_key(one) == name_key(other) != ""


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_different_names_have_different_keys(one, other):
    assert name_key(one) != name_key(other)


def test_typing_order_and_word_breaks_do_not_count():
    assert name_key("ស\u17d2ត\u17d2រ\u17b8") == name_key("ស\u17d2រ\u17d2ត\u17b8")
    assert name_key("ចាន់ថា") == name_key("ចាន់\u200bថា")


def test_keys_by_word():
    assert word_keys("Sok Chantha") == ["SK", "CNT"]
    assert word_keys("123 !") == []
    assert name_key("") == ""
