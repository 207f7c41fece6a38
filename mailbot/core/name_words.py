"""Words that tell names from others: common first names, Chinese family names, and capitalised words that name nobody."""

from __future__ import annotations

NOBODY = frozenset(
    """
    sir madam sirs team all customer customers there everyone colleague colleagues damen und herren or and supplier
    suppliers both kolleginnen kollegen kunde kundin partner partners friend friends ihr ihre ihnen sie your you our
    messieurs mesdames doktor professor 客户 顾客 供应商 先生 女士 各位 您 合作伙伴 财务 经理 老师 总
    """.split()
)
"""Whom a greeting can address without naming anybody."""

FIRST_NAMES = frozenset(
    """
    april august june may
    james john robert michael william david richard joseph thomas charles christopher daniel matthew anthony mark paul
    steven andrew kenneth george joshua kevin brian edward ronald timothy jason jeffrey ryan jacob gary nicholas eric
    jonathan stephen larry justin scott brandon benjamin samuel gregory frank alexander raymond patrick jack dennis jerry
    tyler aaron henry adam peter nathan douglas zachary kyle walter ethan jeremy oliver harry simon martin philip alan ian
    neil graham colin stuart nigel liam sean mary patricia jennifer linda elizabeth barbara susan jessica sarah karen lisa
    nancy betty margaret sandra ashley kimberly emily donna michelle carol amanda melissa deborah stephanie rebecca sharon
    laura cynthia dorothy amy kathleen angela shirley emma anna brenda pamela nicole samantha katherine christine helen
    rachel carolyn janet catherine maria heather diane julie olivia joyce virginia victoria kelly lauren christina joan
    evelyn judith megan andrea cheryl hannah jacqueline martha gloria teresa ann sara madison kathryn alice jane fiona
    claire sophie lucy charlotte priya anjali rahul amit raj sunita klaus hans jürgen jörg wolfgang dieter uwe bernd
    stefan andreas matthias markus sebastian christian florian tobias felix lukas jonas jan tim max moritz leon fritz
    heinz karl otto ernst günter günther werner helmut gerhard rainer ralf rolf sven torsten thorsten dirk holger jens
    lars nils ingo axel kai eva ursula monika petra sabine renate helga brigitte ingrid erika birgit gabriele heike silke
    anja tanja katrin katja nadine jana julia lena lea mia johanna franziska susanne claudia martina ulrike anke angelika
    gisela greta frieda luise jean pierre michel philippe alain nicolas christophe françois laurent olivier julien antoine
    guillaume mathieu marie isabelle nathalie sylvie valérie sandrine céline aurélie camille chloé manon pieter johan
    willem hendrik marieke anneke sanne femke joost maarten wouter jeroen josé juan antonio manuel francisco javier carlos
    miguel pedro pablo luis jorge fernando alejandro diego sergio raúl carmen isabel pilar lucía marta elena cristina ana
    rosa dolores marco giuseppe giovanni luca francesco alessandro matteo lorenzo stefano paolo roberto giulia francesca
    chiara sofia valentina paola elisa joão paulo rui tiago tomás inês beatriz piotr paweł krzysztof andrzej tomasz marcin
    agnieszka katarzyna magdalena jakub petr pavel jiří ivan dmitri sergei olga natalia svetlana mehmet mustafa ahmet ali
    ayşe fatma emre mohammed ahmed omar hassan fatima aisha wei ming li xiaoming yuki hiroshi kenji akiko erik anders
    magnus astrid søren mikkel
    """.split()
)

NO_NAMES = frozenset(
    """
    month end pro forma facture commande bon livraison factura pedido fattura ordine factuur dunning remittance advice confirmation
    receipt inbound outbound reconciliation master framework annual report service level helpdesk ticket case file folder table
    appendix annex chapter article clause bank chamber commerce court ministry office president vice assistant secretary engineer
    specialist coordinator officer representative dpt dept regional national international global local north south east west
    central asia africa pacific day night morning afternoon evening spring summer autumn winter merry easter thanksgiving black
    the a an this that these those we you he she it they i our your his her their my please thank thanks dear hello hi
    kind best warm many with for from to in on at by of as if when once after before and or but so not no yes all any each
    both regards wishes re fw sincerely subject attn note could would can will should do does did is are was were have has
    had let may there here what which who how why where also however moreover furthermore therefore unfortunately
    regarding concerning following attached enclosed purchase order orders invoice invoices number delivery credit debit
    memo bank transfer payment payments terms conditions account accounts payable receivable department team desk office
    service services customer customers client sales support finance financial accounting human resources management
    manager director board staff quality control assurance warehouse logistics shipping goods procurement purchasing
    supply chain value added tax vat net gross total amount unit price quantity item items article product products
    statement reminder notice request quote quotation offer contract agreement general data protection privacy policy
    point contact address head headquarters company group holding division section reference ref due date page pdf excel
    word adobe microsoft google outlook zip iban bic swift sepa id po q1 q2 q3 q4 eu us uk usa germany france italy spain
    china england europe european union united kingdom states america shanghai beijing london berlin paris new york chief
    officer executive operating technical technology information security express standard business working day days week
    mail email phone fax website online portal system street road avenue st ltd llc inc gmbh ag kg limited original copy
    draft dispatch packing list proof import export customs declaration letter bill lading certificate origin first second
    third last next happy year christmas easter january february march april june july august september october november
    december monday tuesday wednesday thursday friday saturday sunday januar februar märz mai juni juli oktober dezember
    montag dienstag mittwoch donnerstag freitag samstag sonntag der die das ein eine wir sie ihr ihre ihren unser unsere
    bitte vielen dank guten tag sehr geehrte freundliche freundlichen grüße mit für von zu im am bei rechnung bestellung
    firma herr frau le la les un une nous vous merci bonjour cordialement votre notre el los las su nuestro gracias
    estimado il lo gli grazie gentile het de een wij u uw met vriendelijke groet
    """.split()
)
"""Words that are written with a capital without naming anybody, in lower case."""

FAMILY_NAMES_HAN = (
    "欧阳|司马|上官|诸葛|"
    "[王李张刘陈杨黄赵吴周徐孙马朱胡郭何林罗郑梁谢宋唐许韩冯邓曹彭曾肖田董袁潘蔡蒋余杜叶程苏魏吕丁沈姚卢姜崔钟谭陆汪范廖石贾韦"
    "付方白邹孟熊秦邱江尹薛闫段雷侯龙史陶黎贺顾毛郝龚邵万钱严覃戴莫孔向汤]"
)
"""A pattern of the common ones."""
