"""What a shop posts: taken in once however often it is posted, each record judged by itself."""

from typing import Any

import pytest
from sqlalchemy import select

from crm_core.database import Store
from crm_core.models import Customer, Order, Product, Shipment
from crm_core.shop import ShopRefused, apply_shop_update
from tests.conftest import Clock

PRODUCTS = [{"sku": "A", "name_en": "Tea", "name_zh": "茶", "price": "10.00", "currency": "CNY", "stock": 5}]


def post(store: Store, **payload: Any) -> dict[str, list[dict[str, Any]]]:
    return apply_shop_update(store, payload, clock=Clock(), region="CN", zone="Asia/Shanghai")


def order(**changes: Any) -> dict[str, Any]:
    return {
        "number": "O1",
        "placed_at": "2026-11-20T10:00:00+08:00",
        "status": "paid",
        "customer": {"external_id": "C1", "name": "王芳", "email": "Fang@Example.com", "phone": "138 0013 8000"},
        "currency": "CNY",
        "lines": [{"sku": "A", "quantity": 2, "unit_price": "10.00"}],
        "discount": 1.5,
        "shipping": 8,
        "address": "西湖区1号",
        "shipments": [{"tracking_no": "SF1", "carrier": "顺丰", "status": "shipped"}],
        **changes,
    }


@pytest.fixture
def shop(store: Store) -> Store:
    assert post(store, products=PRODUCTS)["products"] == [{"sku": "A", "result": "created"}]
    return store


def test_an_order_with_its_customer_and_parcel(shop: Store) -> None:
    assert post(shop, orders=[order()])["orders"] == [{"number": "O1", "result": "created"}]
    with shop.read() as session:
        kept = session.scalars(select(Order)).one()
        assert (kept.total_minor, kept.source, kept.status, kept.address) == (2650, "shop", "paid", "西湖区1号")
        customer = session.scalars(select(Customer)).one()
        assert (customer.name, customer.email, customer.phone) == ("王芳", "fang@example.com", "+8613800138000")
        assert (customer.number, kept.customer_id) == (10001, customer.id)
        assert kept.shipments[0].status == "shipped"


def test_posted_again_nothing_changes(shop: Store) -> None:
    post(shop, orders=[order()])
    again = post(shop, orders=[order()], products=PRODUCTS)
    assert again["orders"] == [{"number": "O1", "result": "unchanged"}]
    assert again["products"] == [{"sku": "A", "result": "unchanged"}]


def test_only_what_is_said_changes(shop: Store) -> None:
    post(shop, orders=[order()])
    update = {"number": "O1", "status": "delivered", "shipments": [{"tracking_no": "SF1", "status": "delivered"}]}
    assert post(shop, orders=[update])["orders"] == [{"number": "O1", "result": "updated"}]
    assert post(shop, products=[{"sku": "A", "stock": 3}])["products"] == [{"sku": "A", "result": "updated"}]
    with shop.read() as session:
        kept = session.scalars(select(Order)).one()
        assert (kept.status, kept.total_minor, kept.shipments[0].carrier) == ("delivered", 2650, "顺丰")
        assert session.scalars(select(Product.stock)).one() == 3


def test_what_the_shop_says_about_a_customer_is_kept(shop: Store) -> None:
    post(shop, orders=[order()])
    moved = order(customer={"external_id": "C1", "city": "杭州"})
    assert post(shop, orders=[moved])["orders"] == [{"number": "O1", "result": "updated"}]
    with shop.read() as session:
        assert session.scalars(select(Customer.city)).one() == "杭州"


def test_shipments_by_themselves(shop: Store) -> None:
    post(shop, orders=[order(shipments=[])])
    parcels = [
        {"order": "O1", "tracking_no": "SF9", "status": "in_transit", "shipped_at": "2026-11-21T09:00:00Z"},
        {"order": "O7", "tracking_no": "SF8"},
        {"tracking_no": "SF7"},
    ]
    results = post(shop, shipments=parcels)["shipments"]
    assert [each["result"] for each in results] == ["created", "rejected", "rejected"]
    assert ("O7" in results[1]["error"], "order is missing" in results[2]["error"]) == (True, True)
    with shop.read() as session:
        assert session.scalars(select(Shipment.status)).one() == "in_transit"


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"lines": [{"sku": "X", "quantity": 1}]}, "SKU"),
        ({"lines": [{"sku": "A", "quantity": "2"}]}, "lines.0.quantity"),
        ({"lines": [{"sku": "A", "quantity": 0}]}, "lines.0.quantity"),
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "A", "quantity": 1}] * 201}, "lines"),
        ({"discount": -1}, "negative"),
        ({"discount": "1e9"}, "not an amount"),
        ({"discount": 100}, "larger"),
        ({"shipping": "¥99999999999"}, "10 digits"),
        ({"placed_at": "2027-06-01"}, "future"),
        ({"placed_at": None}, "needs a date"),
        ({"placed_at": 1700000000}, "placed_at"),
        ({"status": "eaten"}, "status"),
        ({"currency": "XQQ"}, "currency"),
        ({"customer": {}}, "names no customer"),
        ({"customer": {"email": "nobody"}}, "e-mail"),
        ({"customer": {"phone": "12"}}, "telephone"),
        ({"customer": {"external_id": "C1", "vip": True}}, "customer.vip"),
        ({"address": "x" * 501}, "address"),
        ({"colour": "red"}, "colour"),
        ({"number": "\u200b"}, "number is empty"),
    ],
)
def test_one_bad_order_does_not_stop_the_others(shop: Store, changes: dict[str, Any], error: str) -> None:
    good = order(number="O2")
    results = post(shop, orders=[order(**changes), good])["orders"]
    assert (results[0]["result"], results[1]) == ("rejected", {"number": "O2", "result": "created"})
    assert error in results[0]["error"]
    with shop.read() as session:
        assert session.scalars(select(Order.number)).all() == ["O2"]


def test_an_order_of_somebody_else_is_not_taken_over(shop: Store) -> None:
    post(shop, orders=[order(), order(number="O2", customer={"external_id": "C2"})])
    result = post(shop, orders=[order(customer={"external_id": "C2"})])["orders"][0]
    assert result["result"] == "rejected"
    assert "another customer's" in result["error"]


@pytest.mark.parametrize(
    ("payload", "place"),
    [
        ([], "payload"),
        ("orders", "payload"),
        ({"orders": {}}, "orders"),
        ({"orders": [1]}, "orders.0"),
        ({"orders": [order()] * 501}, "orders"),
        ({"ordres": []}, "ordres"),
    ],
)
def test_a_payload_of_another_shape_changes_nothing(store: Store, payload: object, place: str) -> None:
    with pytest.raises(ShopRefused) as refused:
        apply_shop_update(store, payload, clock=Clock(), region="CN", zone="Asia/Shanghai")
    told = refused.value.as_dict()
    assert told["field"] == place
    assert {"problem", "fix", "problems"} <= told.keys()


def test_bare_amounts_are_in_the_currency_of_the_business(store: Store) -> None:
    payload = {"products": [{"sku": "J", "name_en": "Tea", "price": 1200}]}
    apply_shop_update(store, payload, clock=Clock(), region="JP", zone="Asia/Tokyo", currency="JPY")
    with store.read() as session:
        product = session.scalars(select(Product)).one()
        assert (product.price_minor, product.currency) == (1200, "JPY")


def test_five_hundred_orders_at_once(shop: Store) -> None:
    orders = [order(number=f"O{number}", customer={"external_id": f"C{number % 90}"}) for number in range(500)]
    assert {each["result"] for each in post(shop, orders=orders)["orders"]} == {"created"}
    assert {each["result"] for each in post(shop, orders=orders)["orders"]} == {"unchanged"}
    with shop.read() as session:
        numbers = session.scalars(select(Customer.number).order_by(Customer.number)).all()
    assert list(numbers) == list(range(10001, 10091))
